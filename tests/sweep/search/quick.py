"""Searches whose jobs train nothing: their learning curves follow from loss.gamma and the seed."""

import pickle
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from hydra.core.utils import JobReturn, JobStatus
from mlflow.entities import Metric as LoggedMetric
from mlflow.entities import Run

from bloodcells.config.names import Metric, Program, Tag
from bloodcells.runs.sweep_run import Judge, SweepRun
from bloodcells.sweep.decide import TAGS, Key
from bloodcells.sweep.expand import Job
from bloodcells.sweep.supervise import Outcome
from bloodcells.tracking.database import database_uri
from bloodcells.train import main
from tests.conftest import TINY

EPOCHS = 4
QUIET = ("hydra/job_logging=none", "hydra/hydra_logging=none")  # handlers would keep the captured streams


def accuracy(gamma: float, seed: int) -> float:
    """The composed validation accuracy after the last epoch; highest for gamma=3 and a seed of 0."""
    return 1 - (gamma - 3) ** 2 / 10 - seed / 100


@dataclass
class Search:
    """A command that can be given several times; the jobs it starts end as the test wants.

    overrides: of the command
    started: the names of the jobs that it has started so far; launches: how many at once
    interrupted_at: the place in `started` of a job that ends the command, as Ctrl-C does
    failing, diverging: the same for jobs that fail or diverge
    """

    directory: Path
    overrides: tuple[str, ...]
    started: list[str] = field(default_factory=list)
    launches: list[int] = field(default_factory=list)
    interrupted_at: int | None = None
    failing: tuple[int, ...] = ()
    diverging: tuple[int, ...] = ()

    def run(self, monkeypatch: Any, *more: str) -> int | str:
        """Gives the command and returns its exit status, or its error."""
        arguments = ("--multirun", *TINY, "hydra/sweeper=optuna", "hydra.sweeper.startup_trials=3", *QUIET)
        arguments = (*arguments, f"tracking.directory={self.directory}", f"hydra.sweep.dir={self.directory}/sweep")
        monkeypatch.setattr(sys, "argv", ["train", *arguments, *self.overrides, *more])
        monkeypatch.setattr(
            "bloodcells.sweep.sweeper.Sweeper.launch", lambda sweeper, *given, **named: self.launch(*given, **named)
        )
        try:
            main()
        except SystemExit as end:
            return end.code
        return 0

    def launch(
        self, jobs: Sequence[Job], keys: Mapping[int, Key], *, judges: Mapping[int, Judge], parent: SweepRun, **_: Any
    ) -> list[JobReturn]:
        """Stands in for `Sweeper.launch`."""
        self.launches.append(len(jobs))
        errors = [self._train(job, keys[job.number], judges.get(job.number), parent=parent) for job in jobs]
        return [JobReturn(_return_value=Outcome(error), status=JobStatus.COMPLETED) for error in errors]

    def _train(self, job: Job, key: Key, judge: Judge | None, *, parent: SweepRun) -> str:
        """Stores a run as training would; returns the job's error."""
        place = len(self.started)
        if place == self.interrupted_at:
            self.interrupted_at = None
            raise KeyboardInterrupt
        self.started.append(job.name)
        if place in self.failing:
            return "killed by SIGKILL"
        judge = pickle.loads(pickle.dumps(judge))  # in a process of its own
        highest = accuracy(job.config.loss.gamma, job.config.seed)
        tags = (
            dict(zip(TAGS, key[1:], strict=True))
            | {Tag.PROGRAM: Program.TRAIN}
            | parent.job(job.number, job.name, Path()).tags
        )
        with parent.store.client() as client:
            experiment = client.get_run(parent.id).info.experiment_id
            run = client.create_run(experiment, tags=tags | ({Tag.STUDY: key[0]} if key[0] else {})).info.run_id
            if place in self.diverging:
                client.set_tag(run, Tag.ERROR, "DivergedError: the loss is nan")
                client.set_terminated(run, "FAILED")
                return "the loss is nan"
            for epoch in range(1, EPOCHS + 1):
                value = highest * epoch / EPOCHS
                curve = {Metric.COMPOSED_VALIDATION_ACCURACY: value, Metric.VALIDATION_ACCURACY: 1 - value}
                client.log_batch(run, [LoggedMetric(name, value, 0, epoch) for name, value in curve.items()])
                if judge and judge(epoch, curve):
                    client.set_tag(run, Tag.PRUNED, f"after epoch {epoch}")
                    client.set_terminated(run, "KILLED")
                    return ""
            final = {Metric.BEST_COMPOSED_ACCURACY: highest, Metric.BEST_ACCURACY: 1 - highest}
            final[Metric.TEST_ACCURACY] = highest / 2
            client.log_batch(run, [LoggedMetric(name, value, 0, 0) for name, value in final.items()])
            client.set_terminated(run, "FINISHED")
        return ""

    def parents(self) -> list[Run]:
        """The runs of the search, newest first."""
        mlflow.set_tracking_uri(database_uri(self.directory))
        where = f"tags.`{Tag.PROGRAM}` = '{Program.SWEEP}'"
        return mlflow.search_runs(search_all_experiments=True, filter_string=where, output_format="list")

    def table(self, which: int = 0) -> pd.DataFrame:
        """The trials.csv of the newest run of the search."""
        folder = self.parents()[which].info.artifact_uri.removeprefix("file://")
        return pd.read_csv(f"{folder}/trials.csv")
