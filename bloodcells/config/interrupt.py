"""Ctrl-C and SIGTERM: they raise KeyboardInterrupt in the main thread, once, and are not lost."""

import signal
import sys
import time
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

CANCELLED = "cancelled by SIGTERM (scancel or kill)"
SECONDS_TO_CLOSE = 10.0  # for which further signals are ignored
SECONDS_TO_LEAVE = 0.05  # after which a callback in which an exception was dropped has returned
_raised_at = [float("-inf")]


def raise_on_signals() -> None:
    """Makes SIGINT and SIGTERM raise KeyboardInterrupt, with a text if it was SIGTERM. Only for a main thread.

    Signals that follow at once are ignored, since a terminal, a sweep and a cluster may each send one, and the first is
    closing the run. Python drops exceptions in some callbacks, such as those of weak references: it is raised again.
    """
    _raised_at[0] = float("-inf")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, _raise)
    sys.unraisablehook = _raise_again


def _raise(received: int, _: FrameType | None) -> None:
    if received == signal.SIGALRM or time.monotonic() - _raised_at[0] > SECONDS_TO_CLOSE:
        _raised_at[0] = time.monotonic()
        raise KeyboardInterrupt(*[CANCELLED] if received == signal.SIGTERM else [])


def _raise_again(dropped: "UnraisableHookArgs") -> None:
    if issubclass(dropped.exc_type, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_LEAVE)
    else:
        sys.__unraisablehook__(dropped)
