"""The verdict on two runs."""

from types import SimpleNamespace

import pytest

from bloodcells.config.errors import InputError
from bloodcells.reproduction.mismatches import ComparedValues, Mismatch
from bloodcells.reproduction.verdict import LISTED, UNEXPLAINED, NotReproducedError, Verdict

EQUAL = [
    ComparedValues("weights", 27, 0, []),
    ComparedValues("metric values", 1_246, 0, []),
    ComparedValues("predictions", 48, 0, []),
]
MISMATCHES = [Mismatch("stem/kernel", None, 1.0, 1.5, 0.5), Mismatch("stem/bias", None, 0.0, 0.25, 0.25)]
UNEQUAL = [ComparedValues("weights", 27, 12, MISMATCHES), *EQUAL[1:]]
RUN = SimpleNamespace(id="b2d4")


def test_equal_runs_pass_and_values_are_counted() -> None:
    verdict = Verdict(EQUAL, [])
    assert verdict.rows() == {"verdict": "bit-identical: 27 weights, 1,246 metric values and 48 predictions"}
    verdict.check(RUN)
    assert verdict.metrics() == {
        "reproduction/equal": 1.0,
        "reproduction/weights_differing": 0.0,
        "reproduction/weights_max_difference": 0.0,
        "reproduction/metric_values_differing": 0.0,
        "reproduction/metric_values_max_difference": 0.0,
        "reproduction/predictions_differing": 0.0,
        "reproduction/predictions_max_difference": 0.0,
    }
    assert len(verdict.table()) == 0


def test_equal_runs_pass_despite_changed_conditions() -> None:
    verdict = Verdict(EQUAL, ["python: 3.11, now 3.12"])
    assert verdict.rows()["despite"] == "python: 3.11, now 3.12"
    verdict.check(RUN)


def test_unequal_runs_are_described_by_kind_with_possible_causes() -> None:
    verdict = Verdict(UNEQUAL, ["python: 3.11, now 3.12", "threads: 4, now 2"])
    assert verdict.rows() == {
        "verdict": "not bit-identical",
        "weights": "12 of 27 differ, by up to 0.5, first stem/kernel",
        "metric values": "all 1,246 equal",
        "predictions": "all 48 equal",
        "possible causes": "python: 3.11, now 3.12; threads: 4, now 2",
    }
    assert verdict.metrics()["reproduction/equal"] == 0.0
    assert verdict.metrics()["reproduction/weights_differing"] == 12.0
    assert verdict.metrics()["reproduction/weights_max_difference"] == 0.5
    with pytest.raises(NotReproducedError) as error:
        verdict.check(RUN)
    assert isinstance(error.value, InputError)
    assert str(error.value) == (
        "run b2d4 was not reproduced: 12 of 27 weights differ; possible causes: python: 3.11, now 3.12; "
        "threads: 4, now 2"
    )


def test_unexplained_difference_is_described_as_such() -> None:
    verdict = Verdict(UNEQUAL, [])
    assert verdict.rows()["possible causes"] == UNEXPLAINED
    with pytest.raises(NotReproducedError, match="unknown; code, packages"):
        verdict.check(RUN)


def test_table_has_one_row_per_mismatch_up_to_a_limit_per_kind() -> None:
    many = [Mismatch(f"test {k}", None, 0, 1, None) for k in range(LISTED + 5)]
    table = Verdict([*UNEQUAL, ComparedValues("distorted predictions", 999, len(many), many)], []).table()
    assert table.columns.tolist() == ["kind", "what", "step", "original", "repeat", "difference"]
    assert table["kind"].tolist() == ["weights"] * 2 + ["distorted predictions"] * LISTED
    assert table.iloc[0].tolist()[:2] == ["weights", "stem/kernel"]
    assert table["difference"].tolist()[:2] == [0.5, 0.25]
