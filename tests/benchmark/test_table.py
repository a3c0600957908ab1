"""Medians, ranges and ratios in words."""

import pytest

from bloodcells.benchmark.group import Measurement
from bloodcells.benchmark.machine import told
from bloodcells.benchmark.table import columns, results, said, tables
from bloodcells.provenance.fingerprint import Fingerprint

PACES = {"own": (1000.0, 3000.0, 1400.0), "plain": (500.0, 1000.0, 1400.0)}  # the ratios: 2, 3, 1


def measurements() -> list[Measurement]:
    plain = PACES["plain"]
    found = [
        Measurement("training", what, "steps/s", number + 1, value, "plain", value / plain[number])
        for what, values in PACES.items()
        for number, value in enumerate(values)
    ]
    return [*found, Measurement("training", "own", "s of tracing", 1, 2.25, "plain", None)]


def test_ratios_are_taken_by_round_and_then_their_median() -> None:
    (part, table), *others = tables(results(measurements())).items()
    assert (part, others) == ("training", [])
    assert table.to_numpy().tolist() == [
        ["steps/s", "own", "1,400", "1,000 to 3,000", "2", "1 to 3"],
        ["steps/s", "plain", "1,000", "500 to 1,400", "1", ""],
        ["s of tracing", "own", "2.25", "", "", ""],
    ]
    assert list(table.columns) == ["figure", "of", "median", "range", "times plain", "range of that"]


def test_a_row_of_the_results_is_a_measurement() -> None:
    rows = results(measurements())
    assert rows.iloc[1].to_dict() == {
        "part": "training", "what": "own", "figure": "steps/s", "round": 2, "value": 3000.0, "reference": "plain",
        "ratio": 3.0,
    }  # fmt: skip
    assert len(rows) == 7


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.012345, "0.0123"), (1.0, "1"), (12.345, "12.3"), (99.94, "99.9"), (99.96, "100"), (12345.6, "12,346")],
)
def test_numbers_have_three_digits_or_all_before_the_point(value, text) -> None:
    assert said(value) == text


def test_on_a_terminal_names_stand_on_the_left_and_numbers_on_the_right() -> None:
    lines = columns(tables(results(measurements()))["training"]).splitlines()
    assert lines == [
        "figure        of     median           range  times plain  range of that",
        "steps/s       own     1,400  1,000 to 3,000            2         1 to 3",
        "steps/s       plain   1,000    500 to 1,400            1",
        "s of tracing  own      2.25",
    ]


def test_the_machine_is_told_with_the_commit_and_whether_it_is_all() -> None:
    machine = {"processor": "Xeon", "cores": 4, "threads": 2, "gpus": [], "python": "3.11.9"}
    line = told(machine, Fingerprint("", "", "", "", "", "0123456789abcdef", dirty=True))
    assert line.startswith("Xeon, 4 cores, 2 threads, no GPU; TensorFlow 2.")
    assert line.endswith("Python 3.11.9; commit 01234567 and changes since")
    line = told(machine | {"gpus": ["H100"]}, Fingerprint("", "", "", "", "", "0123456789abcdef", dirty=False))
    assert ", H100; " in line
    assert line.endswith("commit 01234567")
