"""Sweeps in processes that can be killed. Their jobs are forked from the tests' own server."""

import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest.mock import patch

from filelock import FileLock
from mlflow.entities import Run

from bloodcells.config.checkout import CHECKOUT
from bloodcells.sweep import process as job_process
from bloodcells.sweep import supervise
from tests.resume.process import STUCK, Command, Moment


@dataclass(frozen=True)
class Served:
    """Prepares a sweep's process: it uses the server that it was forked from instead of starting its own.

    output: the file for its jobs' output
    ends: by job number, the moment at which the job ends, or the seconds after which it is killed
    """

    output: Path
    ends: Mapping[int, Moment | float]

    def prepare(self) -> None:
        # The parent's server, whose address it inherits.
        forkserver._forkserver.ensure_running = forkserver.ensure_running = lambda: None
        start = supervise.start

        def ending(config: Any, job: Any, output: Any) -> tuple[BaseProcess, Any]:
            end = self.ends.get(job.number) if job else None
            if isinstance(end, Moment):
                with patch.object(job_process, "_run", Ending(end)):
                    return start(config, job, output or self.output)
            process, errors = start(config, job, output or self.output)
            if end is not None:
                threading.Timer(end, process.kill).start()
            return process, errors

        supervise.start = ending


@dataclass(frozen=True)
class Ending:
    """A job's process that ends at a moment."""

    end: Moment

    def __call__(self, *arguments: Any, **named: Any) -> None:
        self.end.prepare()
        job_process._run(*arguments, **named)


class Sweep(Command):
    """A command with --multirun."""

    def served(self, ends: Mapping[int, Moment | float] | None = None) -> Served:
        """The preparation of its process; ends: as in `Served`."""
        return Served(self.directory.with_suffix(".out"), ends or {})

    def sweeps(self) -> list[Run]:
        """The runs of sweeps, newest first."""
        return [run for run in self.runs() if run.data.tags["mlflow.source.name"] == "bloodcells.sweep"]

    def jobs(self) -> list[Run]:
        """The runs of their jobs, by job number."""
        runs = [run for run in self.runs() if "sweep.job" in run.data.tags]
        return sorted(runs, key=lambda run: int(run.data.tags["sweep.job"]))

    def statuses(self) -> list[str]:
        """The statuses of the jobs' runs, by job number."""
        return [run.info.status for run in self.jobs()]


def wait_for_jobs(sweep: Sweep) -> None:
    """Returns when no job is alive any more: each locks its checkpoint while it is."""
    for lock in sweep.directory.glob("checkpoints/*/lock"):
        with suppress(FileNotFoundError), FileLock(lock, timeout=STUCK):
            pass


def started(sweep: Sweep) -> subprocess.Popen:
    """A fresh process for a sweep: joblib does not end in a forked one."""
    arguments = ["-m", "bloodcells.train", *sweep.overrides, f"tracking.directory={sweep.directory}"]
    return subprocess.Popen([sys.executable, *arguments], cwd=CHECKOUT, stdout=subprocess.DEVNULL)
