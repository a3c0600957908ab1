"""How far scoring is, for who waits."""

import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")


def followed(items: Sequence[Item], what: str) -> Iterable[Item]:
    """The items; on a terminal a bar shows how many are done and the time that is left."""
    yield from track(items, what, console=Console(file=sys.stdout), transient=True, disable=not sys.stdout.isatty())
