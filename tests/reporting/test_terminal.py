"""Terminal output."""

import logging
from types import SimpleNamespace

import pytest

from bloodcells.config.errors import error_line
from bloodcells.reporting.terminal import Wrapped, aligned


def test_values_are_aligned_and_rows_can_continue() -> None:
    assert aligned({"run": "a", "missing": "b", " ": "c"}) == "\nrun      a\nmissing  b\n         c"


@pytest.fixture
def shown(monkeypatch):
    """A function that returns a message as a terminal of 40 columns, or a file, receives it."""

    def show(message: str, *, terminal: bool) -> list[str]:
        monkeypatch.setenv("COLUMNS", "40")
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: terminal))
        return Wrapped().format(logging.makeLogRecord({"msg": message, "levelno": logging.INFO})).split("\n")

    return show


def test_sentences_are_wrapped_between_words_in_a_terminal_only(shown) -> None:
    message = "\n".join(["", "epoch 1/4: loss 1.579 | accuracy 0.176, val 0.220", f"  trains {'x' * 50} of all"])
    assert shown(message, terminal=True) == [
        "",
        "epoch 1/4: loss 1.579 | accuracy 0.176,",
        "  val 0.220",
        "  trains",
        f"    {'x' * 50}",
        "    of all",
    ]
    assert "\n".join(shown(message, terminal=False)) == message


@pytest.mark.parametrize(
    ("terminal", "no_color", "colored"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_keys_are_bold_warnings_yellow_and_errors_red_in_a_terminal(monkeypatch, terminal, no_color, colored) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    stream = SimpleNamespace(isatty=lambda: terminal)
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setattr("sys.stderr", stream)
    bold, yellow, red, end = ("\033[1m", "\033[33m", "\033[31m", "\033[0m") if colored else ("", "", "", "")
    row, warning = (
        Wrapped().format(logging.makeLogRecord({"msg": text, "levelno": level}))
        for text, level in (("best epoch  2\n            3  a", logging.INFO), ("few images", logging.WARNING))
    )
    assert row == f"{bold}best epoch{end}  2\n            3  a"
    assert warning == f"{yellow}few images{end}"
    assert error_line("a: expected b") == f"{red}error:{end} a: expected b"


@pytest.mark.parametrize(
    "row",
    [
        "load    mlflow.pyfunc.load_model('/a/long path/that does not fit')",
        "best epoch  2 (fine-tuning) by composed validation accuracy",
        "        0.3297 (0.282 to 0.377)  augmentation=none seed=0",
    ],
)
def test_rows_of_a_summary_stay_whole_for_copying(shown, row) -> None:
    assert shown(row, terminal=True) == [row]
