"""Sweeps in processes that can be killed; their jobs are forked from the tests' own server, which has imported all."""

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
    """What a sweep's process begins with: no server of its own.

    output: the file for what its jobs print; kills: by a job's number, the seconds it lives
    """

    output: Path
    kills: tuple[tuple[int, float], ...] = ()

    def prepare(self) -> None:
        forkserver._forkserver.ensure_running = lambda: None  # its address is that of the server this was forked from
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
        """What its process begins with."""
        return Served(self.directory.with_suffix(".out"), kills)

    def sweeps(self) -> list[Run]:
        """The runs of sweeps, the newest first."""
        return [run for run in self.runs() if run.data.tags["mlflow.source.name"] == "bloodcells.sweep"]

    def jobs(self) -> list[Run]:
        """The runs of their jobs, by the jobs' numbers."""
        runs = [run for run in self.runs() if "sweep.job" in run.data.tags]
        return sorted(runs, key=lambda run: int(run.data.tags["sweep.job"]))

    def statuses(self) -> list[str]:
        """How the jobs ended, by the jobs' numbers."""
        return [run.info.status for run in self.jobs()]
