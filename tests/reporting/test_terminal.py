"""Terminal output."""

from bloodcells.reporting.terminal import aligned


def test_values_are_aligned_and_rows_can_continue() -> None:
    assert aligned({"run": "a", "missing": "b", " ": "c"}) == "\nrun      a\nmissing  b\n         c"
