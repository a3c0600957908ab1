"""Terminal output: aligned summaries, durations and progress bars."""

import logging
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

from bloodcells.config.errors import BOLD, YELLOW, styled

if TYPE_CHECKING:
    from rich.console import Console

Item = TypeVar("Item")
ROW = re.compile(r" *\S+(?: \S+)* {2,}\S")  # of a summary: two spaces or more between key and value


class Wrapped(logging.Formatter):
    """Wraps sentences between words and colors them, if standard output is a terminal.

    The rows of `aligned` stay whole, since they hold paths and commands to copy. Their keys are bold, warnings yellow.
    """

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if not sys.stdout.isatty():
            return text
        width = shutil.get_terminal_size().columns
        lines = [_bold_key(line) if ROW.match(line) else _filled(line, width) for line in text.split("\n")]
        return styled("\n".join(lines), YELLOW if record.levelno >= logging.WARNING else "", sys.stdout)


def _bold_key(row: str) -> str:
    key, gap, value = row.partition("  ")
    return styled(key, BOLD if key else "", sys.stdout) + gap + value


def _filled(line: str, width: int) -> str:
    """The line in several ones of at most `width` characters, the later ones indented; longer words stay whole."""
    indent = line[: len(line) - len(line.lstrip())] + "  "
    return textwrap.fill(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, replace_whitespace=False
    )


def aligned(rows: Mapping[str, str]) -> str:
    """An empty line, then one line per row: the key, padded to a common width, and the value.

    A key of only spaces continues the row above. Keys must differ, so use a different number of spaces for each.
    """
    width = max(len(key.strip()) for key in rows) + 2
    return "\n".join(["", *(f"{key.strip():<{width}}{value}" for key, value in rows.items())])


def duration(seconds: float) -> str:
    """A duration as text, such as "42 s", "3 min 20 s" or "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def with_progress(items: Sequence[Item], description: str) -> Iterable[Item]:
    """Iterates over `items`; shows a progress bar with the remaining time on a terminal or in a notebook."""
    from rich.console import Console  # imported here so that programs without a bar start faster
    from rich.progress import track

    console = Console(file=sys.stdout)
    yield from track(items, description, console=console, transient=True, disable=not interactive(console))


def interactive(console: "Console") -> bool:
    """Whether a progress bar can be shown: on a terminal, or in a notebook with ipywidgets, which rich needs there."""
    return find_spec("ipywidgets") is not None if console.is_jupyter else console.is_terminal
