"""Sweeps in processes that can be killed. Their jobs are forked from the tests' own server."""

import threading
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from mlflow.entities import Run

from bloodcells.sweep import supervise
from tests.resume.process import Command


@dataclass(frozen=True)
class Served:
    """Prepares a sweep's process: it uses the server that it was forked from instead of starting its own.

    output: the file for its jobs' output
    kills: pairs of a job's number and the seconds after which it is killed
    """

    output: Path
    kills: tuple[tuple[int, float], ...] = ()

    def prepare(self) -> None:
        forkserver._forkserver.ensure_running = lambda: None  # the parent's server, whose address it inherits
        start = supervise.start

        def killing(config: Any, job: Any, output: Any) -> tuple[BaseProcess, Any]:
            process, errors = start(config, job, output or self.output)
            if job and job.number in dict(self.kills):
                threading.Timer(dict(self.kills)[job.number], process.kill).start()
            return process, errors

        supervise.start = killing


class Sweep(Command):
    """A command with --multirun."""

    def served(self, *kills: tuple[int, float]) -> Served:
        """The preparation of its process."""
        return Served(self.directory.with_suffix(".out"), kills)

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
