"""Signals end a program once, wherever they arrive."""

import signal
import subprocess
import sys

import pytest

CODE = """
import os, signal, time, weakref
from bloodcells.config import interrupt
interrupt.raise_on_signals()
me = os.getpid()
class Thing: pass
try:
{block}
    time.sleep(20)
    print("lost")
except KeyboardInterrupt as error:
    os.kill(me, signal.SIGINT)  # the terminal's, while the run is being closed
    print("once", error)
"""


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ("os.kill(me, signal.SIGINT)", ""),
        ("os.kill(me, signal.SIGTERM)", "cancelled by SIGTERM (scancel or kill)"),
        # Python drops what is raised here, as it happened while TensorFlow was loading.
        ("thing = Thing(); watched = weakref.ref(thing, lambda _: os.kill(me, signal.SIGTERM)); del thing", ""),
    ],
)
def test_a_signal_raises_once_and_is_not_lost(block, text) -> None:
    code = CODE.format(block=f"    {block}")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout.strip(), done.stderr) == (f"once {text}".strip(), "")


def test_signals_raise_again_after_a_while(monkeypatch) -> None:
    from bloodcells.config import interrupt

    monkeypatch.setattr(interrupt, "SECONDS_TO_CLOSE", 0.0)
    for number in (signal.SIGINT, signal.SIGTERM):
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                interrupt._raise(number, None)
