"""Where a sweep is, told as it goes on: wherever its jobs run, the store knows."""

import logging
import threading
import time
from collections.abc import Sequence

from bloodcells.config.errors import InputError
from bloodcells.reporting.terminal import duration
from bloodcells.runs.sweep_run import Parent

log = logging.getLogger(__name__)
SHARE_OF_TIME = 0.05  # that asking may take


class Watch:
    """A thread that tells how many jobs are done, running, failed and left whenever one has ended."""

    def __init__(self, parent: Parent, numbers: Sequence[int], done_before: int) -> None:
        """numbers: of the jobs that are to be run; done_before: how many others are done."""
        self._parent, self._numbers, self._done_before = parent, set(numbers), done_before
        self._began = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        told, pause = 0, 2.0
        while not self._ended.wait(pause):
            asked = time.monotonic()
            try:
                jobs = self._parent.jobs()
            except InputError:  # a server that is away for a moment; the jobs find out by themselves
                continue
            pause = max(2.0, (time.monotonic() - asked) / SHARE_OF_TIME)
            statuses = [run.info.status for number, run in jobs.items() if number in self._numbers]
            ended = [status for status in statuses if status != "RUNNING"]
            if len(ended) > told:
                told = len(ended)
                log.info(self.line(ended, len(statuses) - told))

    def line(self, ended: Sequence[str], running: int) -> str:
        """How far the sweep is; ended: the status of each job that has ended since it began."""
        done = ended.count("FINISHED")
        left = len(self._numbers) - len(ended) - running
        told = f"sweep: {self._done_before + done} of {self._done_before + len(self._numbers)} jobs done"
        told += f", {len(ended) - done} failed" if done < len(ended) else ""
        if not running + left:
            return told
        half = running / 2  # done of those that are running, on average
        seconds = (time.monotonic() - self._began) / (len(ended) + half) * (left + half)
        return f"{told}, {running} running, {left} left; about {duration(seconds)} to go"
