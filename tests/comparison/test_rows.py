"""Rows of a small store: which runs count, their means, intervals and differences."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bloodcells.comparison.configurations import Configuration, gather
from bloodcells.comparison.rows import compare
from bloodcells.comparison.runs import RunPredictions, read_predictions
from bloodcells.comparison.tables import complete, differences
from bloodcells.config.errors import InputError
from bloodcells.config.names import Metric
from bloodcells.config.schema import LocalTracking, RankBy
from bloodcells.tracking.find import search
from tests.comparison.fill_store import MadeUp, Size, fill

CLEAN, MILD, COMPOSED = Metric.TEST_ACCURACY, Metric.MILD_ACCURACY, Metric.COMPOSED_ACCURACY
TINY = Size(images=200, test=40, validation=10, severities=2)
ADAM, LION = {"optimizer": "adam"}, {"optimizer": "lion"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def add(store, request):
    """A function that adds runs to a study that belongs to the test, and returns their ids."""

    def make(*runs: MadeUp, size: Size = TINY) -> list[str]:
        return fill(store, [replace(run, study=request.node.name) for run in runs], size)

    return make


@pytest.fixture
def gathered(store, add, request):
    """A function that adds runs and gathers the test's study; it also returns the ids of the runs."""

    def make(*runs: MadeUp):
        ids = add(*runs)
        runs = search(
            LocalTracking("local", str(store), "bloodcells", tensorboard=False, rank_by=RankBy.composed),
            f"tags.study = '{request.node.name}'",
        )
        return ids, *gather(runs, read_predictions(runs))

    return make


def test_rows_are_in_the_order_of_their_first_runs_and_average_their_seeds(gathered) -> None:
    runs = [MadeUp(choices, seed, skill) for seed in (3, 1) for choices, skill in ((LION, 1.0), (ADAM, 2.5))]
    ids, configurations, remarks = gathered(*runs)
    assert remarks == []
    assert [each.label for each in configurations] == ["optimizer=lion", "optimizer=adam"]
    lion = configurations[0]
    assert [(seed, run.id) for seed, run in lion.runs.items()] == [(1, ids[2]), (3, ids[0])]
    comparison = compare(configurations)
    assert (comparison.best, comparison.ranked_by) == (1, COMPOSED)
    for metric in (CLEAN, COMPOSED):
        logged = [run.metrics[metric] for run in lion.runs.values()]
        estimate = comparison.rows[0].estimates[metric]
        assert estimate.values == pytest.approx(logged)
        assert estimate.mean == pytest.approx(np.mean(logged))
        half = stats.t.ppf(0.975, 1) * np.std(logged, ddof=1) / np.sqrt(2)
        assert estimate.low <= max(0, estimate.mean - half) + 1e-9
        assert estimate.high >= min(1, estimate.mean + half) - 1e-9
    assert (
        comparison.rows[0].estimates[Metric.TEST_MACRO_F1].low < comparison.rows[0].estimates[Metric.TEST_MACRO_F1].mean
    )


def test_rows_with_a_step_come_first_and_are_named_by_their_label(gathered) -> None:
    _, configurations, remarks = gathered(
        MadeUp({"loss": "x"}, 0),
        *(MadeUp(LION, seed, tags={"step": "10", "label": "10 Lion"}) for seed in (0, 1)),
        *(MadeUp(ADAM, seed, tags={"step": "9", "label": f"9 seed {seed}"}) for seed in (0, 1)),
    )
    assert [each.label for each in configurations] == ["optimizer=adam", "10 Lion", "optimizer=adamw"]
    assert remarks == ["optimizer=adamw: seed 1 missing"]


def test_step_is_compared_with_the_one_it_follows(gathered) -> None:
    def step(number: int, **tags: str) -> MadeUp:
        return MadeUp({"unfreeze": str(number)}, 0, number, tags={"step": str(number), "label": f"s{number}", **tags})

    _, configurations, _ = gathered(
        step(1), step(2, follows="1"), step(3, follows="1"), step(4), step(5, follows="9"), MadeUp(LION, 0)
    )
    comparison = compare(configurations)
    assert comparison.previous == [None, 0, 0, 2, 3, 4]
    first, third = (configurations[k].predictions[0].correct for k in (0, 2))
    assert comparison.vs_previous[CLEAN][2].points == pytest.approx(100 * (third.mean() - first.mean()))
    cells = differences(comparison)[1]["clean accuracy, vs previous row"].tolist()
    assert [cell.partition("; vs ")[2] for cell in cells] == ["", "", "s1", "", "", ""]
    assert complete(comparison)["previous row"].tolist()[1:] == ["s1", "s1", "s3", "s4", "s5"]


def test_step_is_not_compared_with_one_on_different_data(gathered) -> None:
    _, configurations, _ = gathered(
        MadeUp(ADAM, 0, tags={"step": "1"}), MadeUp(ADAM, 0, tags={"step": "1"}, data="e" * 64),
        MadeUp(LION, 0, tags={"step": "2", "follows": "1"}),
    )  # fmt: skip
    assert compare(configurations).previous == [None, 0, 0]


def test_newer_run_determines_the_label(gathered) -> None:
    _, configurations, _ = gathered(MadeUp(ADAM, 0, tags={"label": "old"}), MadeUp(ADAM, 0, tags={"label": "new"}))
    assert [each.label for each in configurations] == ["new"]


def test_differences_from_best_and_previous_row_are_on_the_same_images(gathered) -> None:
    runs = [MadeUp({"unfreeze": str(k)}, 0, skill) for k, skill in enumerate((0.0, 3.0, 0.5))]
    _, configurations, _ = gathered(*runs)
    comparison = compare(configurations)
    correct = [each.predictions[0].correct for each in configurations]
    wins, losses = ((correct[0] > correct[1]).sum(), (correct[0] < correct[1]).sum())
    vs_best = comparison.vs_best[CLEAN]
    assert vs_best[1] is None
    assert vs_best[0].p == pytest.approx(stats.binomtest(int(wins), int(wins + losses)).pvalue)
    assert vs_best[0].points == pytest.approx(100 * (correct[0].mean() - correct[1].mean()))
    assert comparison.vs_previous[CLEAN][0] is None
    assert comparison.vs_previous[CLEAN][1].points == pytest.approx(-vs_best[0].points)
    assert comparison.vs_previous[COMPOSED][2].method == "clustered McNemar"


def test_missing_unfinished_and_repeated_runs_are_named(gathered) -> None:
    ids, configurations, remarks = gathered(
        MadeUp(ADAM, 0), MadeUp(ADAM, 1), MadeUp(LION, 0), MadeUp(LION, 1, status="FAILED"),
        MadeUp(LION, 2, status="RUNNING"), MadeUp(LION, 1), MadeUp(ADAM, 0, skill=1.0),
        MadeUp({"loss": "x"}, 0, status="KILLED"),
    )  # fmt: skip
    assert [list(each.runs) for each in configurations] == [[0, 1], [0, 1]]
    assert configurations[0].runs[0].id == ids[6]
    assert len(remarks) == 6
    for place, status in ((3, "FAILED"), (4, "RUNNING"), (7, "KILLED")):
        assert any(f"({ids[place]}) is {status}" in remark for remark in remarks)
    assert (
        f"optimizer=adam: seed 0 was trained more than once; run {ids[6]} is used, the older {ids[0]} is left out"
        in remarks
    )
    assert {"optimizer=adam: seed 2 missing", "optimizer=lion: seed 2 missing"} < set(remarks)


def test_runs_with_missing_or_wrong_files_are_named_and_left_out(gathered, add, store) -> None:
    ids = add(MadeUp(ADAM, 5), MadeUp(LION, 5), MadeUp(LION, 6, skill=-1.0))
    files = [store / "artifacts" / run / "artifacts" for run in ids]
    (files[0] / "by_image.csv").unlink()
    (files[1] / "by_image.csv").write_bytes((files[2] / "by_image.csv").read_bytes())
    (files[2] / "by_image.csv").write_text("split\n")
    _, configurations, remarks = gathered(MadeUp(ADAM, 0))
    assert [list(each.runs) for each in configurations] == [[0]]
    for run, part in zip(ids, ("has no by_image.csv", "but it logged", "cannot be read"), strict=True):
        assert any(run in remark and part in remark for remark in remarks)
    assert all("\n" not in remark for remark in remarks)


def test_study_without_finished_runs_is_rejected(gathered) -> None:
    with pytest.raises(InputError, match=r"none of 1 runs can be compared: .* is FAILED"):
        gathered(MadeUp(ADAM, 0, status="FAILED"))


def test_clean_accuracy_ranks_if_a_row_has_no_distorted_images(gathered, add) -> None:
    add(MadeUp(ADAM, 0), size=replace(TINY, severities=0))
    _, configurations, _ = gathered(MadeUp(LION, 0))
    comparison = compare(configurations)
    assert comparison.ranked_by == CLEAN
    assert list(comparison.vs_best) == [CLEAN]
    assert {row.label: COMPOSED in row.estimates for row in comparison.rows} == {
        "optimizer=adam": False,
        "optimizer=lion": True,
    }


def test_rows_on_different_data_are_separate_and_not_tested(gathered) -> None:
    _, configurations, remarks = gathered(MadeUp(ADAM, 0), MadeUp(ADAM, 0, data="e" * 64))
    assert [each.label for each in configurations] == ["sha256.data=dddddddddddd", "sha256.data=eeeeeeeeeeee"]
    assert "compare only rows with the same data" in remarks[-1]
    assert compare(configurations).vs_previous[CLEAN] == [None, None]


def test_image_with_two_labels_is_rejected(gathered) -> None:
    _, configurations, _ = gathered(MadeUp(ADAM, 0), MadeUp(LION, 0))
    predictions: RunPredictions = configurations[1].predictions[0]
    wrong = replace(predictions, labels=(predictions.labels + 1) % 8)
    other: Configuration = replace(configurations[1], predictions={0: wrong})
    with pytest.raises(InputError, match=r"image \d+ has class \d in run .* expected one label"):
        compare([configurations[0], other])


def test_a_measure_of_different_distortions_is_not_compared(gathered, add, store) -> None:
    (other,) = add(MadeUp(ADAM, 0), size=replace(TINY, severities=1))
    _, configurations, remarks = gathered(MadeUp(LION, 0))
    assert remarks[0].startswith("the runs were evaluated on different distortions, so grid accuracy is not compared")
    assert compare(configurations).measures == [COMPOSED, CLEAN, MILD]
    file = store / "artifacts" / other / "artifacts" / "composed" / "curve.csv"
    file.write_text(file.read_text().replace("up to 4", "up to 3"))
    _, configurations, remarks = gathered(MadeUp(LION, 0))
    assert [remark.partition(" is not")[0].rpartition("so ")[2] for remark in remarks[:3]] == [
        "mild accuracy", "composed accuracy", "grid accuracy",
    ]  # fmt: skip
    assert compare(configurations).measures == [CLEAN]


@pytest.mark.parametrize("measure", [CLEAN, MILD, COMPOSED])
def test_the_chosen_measure_ranks(gathered, measure) -> None:
    _, configurations, _ = gathered(*(MadeUp({"optimizer": name}, 0) for name in ("adam", "lion", "sgd")))
    comparison = compare(configurations, measure)
    means = [row.estimates[measure].mean for row in comparison.rows]
    assert (comparison.ranked_by, comparison.best) == (measure, int(np.argmax(means)))
    assert comparison.measures[0] == measure
