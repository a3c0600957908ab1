"""Selection of the runs to compare."""

import pytest

from bloodcells.comparison.runs import select
from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, RankBy, ReportConfig
from tests.comparison.fill_store import MadeUp, Size, fill

TINY = Size(images=20, test=5, validation=5, severities=0)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    lion = {"optimizer": "lion"}
    runs = [MadeUp(study="depth"), MadeUp(lion, 1, study="depth"), MadeUp(lion, study="losses", status="FAILED")]
    ids = fill(folder, runs, TINY)
    return LocalTracking("local", str(folder), "bloodcells", tensorboard=False, rank_by=RankBy.composed), ids


@pytest.mark.parametrize(
    ("study", "where", "expected"),
    [
        ("depth", None, [0, 1]),
        ("losses", None, [2]),
        (None, None, [0, 1, 2]),
        (None, "params.optimizer = 'lion'", [1, 2]),
        ("depth", "params.optimizer = 'lion'", [1]),
    ],
)
def test_runs_match_study_and_filter_oldest_first(store, study, where, expected) -> None:
    tracking, ids = store
    assert [run.id for run in select(ReportConfig(study, where, None, tracking))] == [ids[k] for k in expected]


@pytest.mark.parametrize(
    ("study", "where", "message"),
    [
        (
            "dept",
            None,
            "study=dept: none of the 3 training runs in tracking.experiment belongs to it; expected one of depth, "
            "losses; did you mean depth?",
        ),
        ("depth", "params.seed = '9'", "filter=params.seed = '9': matches no training run; expected one or more"),
        (None, "params.seed = '9'", "filter=params.seed = '9': matches no training run; expected one or more"),
    ],
)
def test_empty_selection_is_one_line(store, study, where, message) -> None:
    with pytest.raises(InputError) as error:
        select(ReportConfig(study, where, None, store[0]))
    assert str(error.value) == message


def test_store_without_runs_and_studies(tmp_path) -> None:
    fill(tmp_path, [], TINY)
    tracking = LocalTracking("local", str(tmp_path), "bloodcells", tensorboard=False, rank_by=RankBy.composed)
    with pytest.raises(InputError, match=r"^tracking\.experiment: contains no training run; expected one or more"):
        select(ReportConfig(None, None, None, tracking))
    with pytest.raises(InputError, match=r"none of the 0 training runs .* expected the name of a study; train"):
        select(ReportConfig("depth", None, None, tracking))
