"""Progress of a running sweep, read from the store, so that it works wherever the jobs run."""

import logging
import threading
import time
from collections.abc import Sequence

from bloodcells.config.errors import InputError
from bloodcells.reporting.terminal import duration
from bloodcells.runs.sweep_run import SweepRun

log = logging.getLogger(__name__)
SHARE_OF_TIME = 0.05  # maximum share of the time that polling the store takes


class SweepProgress:
    """A thread that logs how many jobs are done, failed, running and left whenever a job ends."""

    def __init__(self, parent: SweepRun, numbers: Sequence[int], done_before: int) -> None:
        """numbers: the numbers of the jobs to run; done_before: how many jobs were skipped as already done."""
        self._parent, self._numbers, self._done_before = parent, set(numbers), done_before
        self._start = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _poll(self) -> None:
        logged, pause = 0, 2.0
        while not self._stop.wait(pause):
            poll_start = time.monotonic()
            try:
                jobs = self._parent.jobs()
            except InputError:  # the store is unavailable; if it stays so, the jobs report it
                continue
            pause = max(2.0, (time.monotonic() - poll_start) / SHARE_OF_TIME)
            statuses = [run.info.status for number, run in jobs.items() if number in self._numbers]
            ended = [status for status in statuses if status != "RUNNING"]
            if len(ended) > logged:
                logged = len(ended)
                log.info(self.line(ended, len(statuses) - logged))

    def line(self, ended: Sequence[str], running: int) -> str:
        """One line of progress.

        ended: the status of each job that has ended since the sweep started
        running: how many jobs are running
        """
        done = ended.count("FINISHED")
        left = len(self._numbers) - len(ended) - running
        text = f"sweep: {self._done_before + done} of {self._done_before + len(self._numbers)} jobs done"
        text += f", {len(ended) - done} failed" if done < len(ended) else ""
        if not running + left:
            return text
        half = running / 2  # a running job is half done, on average
        seconds = (time.monotonic() - self._start) / (len(ended) + half) * (left + half)
        return f"{text}, {running} running, {left} left; about {duration(seconds)} left"
