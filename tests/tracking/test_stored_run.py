"""Stored runs: search, lookup by id or name, and one-line errors."""

import mlflow
import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.names import Metric, Tag
from bloodcells.config.schema import RankBy
from bloodcells.tracking.find import find_run, search
from bloodcells.tracking.store import store_of
from tests.conftest import composed


@pytest.fixture
def tracking(tmp_path):
    return composed(f"tracking.directory={tmp_path}/mlruns").tracking


def add(tracking, name: str, status: str = "FINISHED", source: str = "bloodcells.train", **tags: str) -> str:
    store_of(tracking).open()
    run = mlflow.start_run(run_name=name, tags={"mlflow.source.name": source, **tags})
    mlflow.end_run(status)
    return run.info.run_id


def test_run_is_found_by_id_name_or_unique_prefix(tracking) -> None:
    first, second = add(tracking, "vgg19 seed=1"), add(tracking, "vgg19 seed=11")
    assert find_run(tracking, first).id == first
    assert find_run(tracking, second[:8]).id == second
    assert find_run(tracking, "vgg19 seed=1").id == first  # an exact match, although another name starts with it
    assert find_run(tracking, "vgg19 seed=11").name == "vgg19 seed=11"


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("vgg", "matches 2 runs, such as"),
        ("vgg20 a", "matches none of the 3 training runs .* did you mean vgg19 a"),
        ("broken", r"broken\) is FAILED; expected one that is FINISHED"),
    ],
)
def test_no_match_several_matches_and_unfinished_runs_are_refused(tracking, wanted, part) -> None:
    add(tracking, "vgg19 a")
    add(tracking, "vgg19 b")
    add(tracking, "broken", "FAILED")
    with pytest.raises(InputError, match=part):
        find_run(tracking, wanted)


@pytest.mark.parametrize(("rank_by", "expected"), [("composed", 1), ("clean", 2)])
def test_best_is_the_finished_run_with_the_highest_accuracy_of_the_setting(tracking, rank_by, expected) -> None:
    tracking.rank_by = RankBy(rank_by)
    add(tracking, "unscored")
    with pytest.raises(InputError, match="run_id=best: none of the 1 training runs has finished with"):
        find_run(tracking, "best")
    ids = []
    for composed_accuracy, clean, status in ((0.4, 0.8, "FINISHED"), (0.6, 0.7, "FINISHED"), (0.5, 0.9, "FINISHED")):
        ids.append(add(tracking, "run", status))
        mlflow.MlflowClient().log_metric(ids[-1], "composed/accuracy", composed_accuracy)
        mlflow.MlflowClient().log_metric(ids[-1], "test/accuracy", clean)
    killed = add(tracking, "killed", "KILLED")
    mlflow.MlflowClient().log_metric(killed, tracking.rank_by.metric, 0.99)
    assert find_run(tracking, "best").id == ids[expected]


def test_best_says_what_it_is_best_of(tracking, caplog) -> None:
    caplog.set_level("INFO")
    ids = []
    for accuracy, data in ((0.5, "cells"), (0.25, "cells"), (0.375, "others")):
        ids.append(add(tracking, "run", **{Tag.DATA: data}))
        mlflow.MlflowClient().log_metric(ids[-1], Metric.COMPOSED_ACCURACY, accuracy)
        find_run(tracking, "best")
    chosen = f"run_id=best: {ids[0]} has the highest composed/accuracy of"
    other = "1 of these 3 runs have other data, so that their accuracies do not compare"
    assert caplog.messages == [*(f"{chosen} {count}, 0.500" for count in ("1 run", "2 runs", "3 runs")), other]


def test_run_of_another_program_is_named_with_the_run_it_was_made_from(tracking) -> None:
    trained = add(tracking, "a")
    evaluation = add(tracking, "of a", source="bloodcells.evaluate", **{"mlflow.parentRunId": trained})
    with pytest.raises(InputError, match=rf"it is a run of bloodcells.evaluate, made from run_id={trained}$"):
        find_run(tracking, evaluation)


def test_search_returns_training_runs_oldest_first(tracking) -> None:
    ids = [add(tracking, "a", study="x"), add(tracking, "b"), add(tracking, "c", study="x")]
    add(tracking, "evaluation of a", source="bloodcells.evaluate")
    assert [run.id for run in search(tracking)] == ids
    assert [run.id for run in search(tracking, "tags.study = 'x'")] == [ids[0], ids[2]]
    with pytest.raises(InputError, match=r"filter=studi == x: MLflow cannot parse it"):
        search(tracking, "studi == x")


def test_reading_creates_nothing(tracking, tmp_path) -> None:
    with pytest.raises(InputError, match="no runs are stored there"):
        search(tracking)
    assert not (tmp_path / "mlruns").exists()
    add(tracking, "a")
    other = composed(f"tracking.directory={tmp_path}/mlruns", "tracking.experiment=none").tracking
    with pytest.raises(InputError, match=r"tracking.experiment=none: no such experiment; expected one of .*bloodcells"):
        search(other)
    assert mlflow.get_experiment_by_name("none") is None
    with pytest.raises(InputError, match="tracking=off: stores no runs; expected local or server"):
        search(composed("tracking=off").tracking)


def test_missing_file_is_one_line(tracking) -> None:
    run = find_run(tracking, add(tracking, "a"))
    with pytest.raises(InputError, match=r"run a \(.*\): has no predictions.csv"):
        run.predictions()


@pytest.mark.parametrize(
    ("name", "content", "ask"),
    [
        ("predictions.csv", b"\xff\x00\x9f", "predictions"),
        ("predictions.csv", b"split,example,label,predicted,p(a),p(b)\ntest,1,0,0,,0.5\n", "predictions"),
        ("config.yaml", b"a: [", "config"),
        ("config.yaml", b"data: {name: npz}\n", "config"),
        (None, b"", "class_names"),
    ],
)
def test_unreadable_file_is_one_line_that_names_it(tracking, tmp_path, name, content, ask) -> None:
    run = find_run(tracking, add(tracking, "a"))
    if name:
        folder = tmp_path / "mlruns" / "artifacts" / run.id / "artifacts"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"run a \(.*\): its {name or 'model'} cannot be read") as error:
        getattr(run, ask)()
    assert "\n" not in str(error.value)


def test_deleted_experiment_does_not_exist(tracking) -> None:
    add(tracking, "a")
    mlflow.delete_experiment(mlflow.get_experiment_by_name(tracking.experiment).experiment_id)
    with pytest.raises(InputError, match="no such experiment"):
        search(tracking)
