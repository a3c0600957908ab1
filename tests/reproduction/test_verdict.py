"""What two runs come to."""

from types import SimpleNamespace

import pytest

from bloodcells.config.errors import InputError
from bloodcells.reproduction.finding import Difference, Finding
from bloodcells.reproduction.verdict import LISTED, UNEXPLAINED, NotReproducedError, Verdict

EQUAL = [Finding("weights", 27, 0, []), Finding("metric values", 1_246, 0, []), Finding("predictions", 48, 0, [])]
DIFFERENCES = [Difference("stem/kernel", None, 1.0, 1.5, 0.5), Difference("stem/bias", None, 0.0, 0.25, 0.25)]
UNLIKE = [Finding("weights", 27, 12, DIFFERENCES), *EQUAL[1:]]
RUN = SimpleNamespace(id="b2d4")


def test_equal_runs_are_counted_and_pass() -> None:
    verdict = Verdict(EQUAL, [])
    assert verdict.rows() == {"verdict": "equal to the bit: 27 weights, 1,246 metric values and 48 predictions"}
    verdict.check(RUN)
    assert verdict.metrics() == {
        "reproduction/equal": 1.0,
        "reproduction/weights_differing": 0.0,
        "reproduction/weights_apart": 0.0,
        "reproduction/metric_values_differing": 0.0,
        "reproduction/metric_values_apart": 0.0,
        "reproduction/predictions_differing": 0.0,
        "reproduction/predictions_apart": 0.0,
    }
    assert len(verdict.table()) == 0


def test_equal_runs_are_so_in_spite_of_what_changed() -> None:
    verdict = Verdict(EQUAL, ["python: 3.11, now 3.12"])
    assert verdict.rows()["in spite of"] == "python: 3.11, now 3.12"
    verdict.check(RUN)


def test_unlike_runs_are_told_kind_by_kind_with_what_may_be_why() -> None:
    verdict = Verdict(UNLIKE, ["python: 3.11, now 3.12", "threads: 4, now 2"])
    assert verdict.rows() == {
        "verdict": "not equal to the bit",
        "weights": "12 of 27 differ, by up to 0.5, first stem/kernel",
        "metric values": "equal, all 1,246",
        "predictions": "equal, all 48",
        "may be why": "python: 3.11, now 3.12; threads: 4, now 2",
    }
    assert verdict.metrics()["reproduction/equal"] == 0.0
    assert verdict.metrics()["reproduction/weights_differing"] == 12.0
    assert verdict.metrics()["reproduction/weights_apart"] == 0.5
    with pytest.raises(NotReproducedError) as error:
        verdict.check(RUN)
    assert isinstance(error.value, InputError)
    assert str(error.value) == (
        "run b2d4 was not reproduced to the bit: 12 of 27 weights differ; may be why: python: 3.11, now 3.12; "
        "threads: 4, now 2"
    )


def test_that_nothing_explains_it_is_told_too() -> None:
    verdict = Verdict(UNLIKE, [])
    assert verdict.rows()["may be why"] == UNEXPLAINED
    with pytest.raises(NotReproducedError, match="nothing on record; code, packages"):
        verdict.check(RUN)


def test_the_table_has_a_row_a_difference_and_no_more_of_a_kind_than_can_be_read() -> None:
    many = [Difference(f"test {k}", None, 0, 1, None) for k in range(LISTED + 5)]
    table = Verdict([*UNLIKE, Finding("distorted predictions", 999, len(many), many)], []).table()
    assert table.columns.tolist() == ["kind", "what", "step", "original", "again", "apart"]
    assert table["kind"].tolist() == ["weights"] * 2 + ["distorted predictions"] * LISTED
    assert table.iloc[0].tolist()[:2] == ["weights", "stem/kernel"]
    assert table["apart"].tolist()[:2] == [0.5, 0.25]
