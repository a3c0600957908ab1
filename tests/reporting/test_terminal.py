"""What a program says at its end."""

from bloodcells.reporting.terminal import aligned


def test_values_stand_in_one_column_and_rows_can_go_on() -> None:
    assert aligned({"run": "a", "missing": "b", " ": "c"}) == "\nrun      a\nmissing  b\n         c"
