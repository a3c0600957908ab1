"""The run of a sweep in MLflow, which is the parent of its jobs' runs. Needs no TensorFlow."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

import mlflow
from mlflow.entities import Run as MlflowRun

from bloodcells.config.names import Program, Tag
from bloodcells.runs.checkpoint import Checkpoint
from bloodcells.tracking.mirror import deliver
from bloodcells.tracking.store import Store
from bloodcells.tracking.stored_run import StoredRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Judge: TypeAlias = Callable[[int, Mapping[str, float]], bool]  # of an epoch and its metrics: whether to prune the run


class PrunedError(Exception):
    """A search has pruned the run, since its learning curve is worse than those of other trials."""


@dataclass(frozen=True)
class SweepJob:
    """The place of a run in a sweep.

    parent: the id of the sweep's run
    number: the job's number in the sweep, from 1
    name: the overrides in which the job differs from the others
    shared: the folder in which jobs share phase 1; each distinct phase 1 takes about twice the size of the weights.
        The sweep deletes it.
    attempt: an id of one call of the sweep's command; a resumed sweep has several
    judge: what may prune the run after an epoch
    """

    parent: str
    number: int
    name: str
    shared: Path
    attempt: str = ""
    judge: Judge | None = None

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the job's run."""
        return {Tag.PARENT: self.parent, Tag.JOB: str(self.number), Tag.ATTEMPT: self.attempt}


@dataclass(frozen=True)
class SweepRun:
    """The run of a sweep during one attempt. Any process that can access the store can use it."""

    store: Store
    id: str
    attempt: str

    def job(self, number: int, name: str, shared: Path, judge: Judge | None = None) -> SweepJob:
        return SweepJob(self.id, number, name, shared, self.attempt, judge)

    def jobs(self, number: int | None = None) -> dict[int, MlflowRun]:
        """The newest run of each job in this attempt, by the job's number; number: only the run of this job."""
        where = f"tags.`{Tag.PARENT}` = '{self.id}' and tags.`{Tag.ATTEMPT}` = '{self.attempt}'"
        if number is not None:
            where += f" and tags.`{Tag.JOB}` = '{number}'"
        with self.store.client() as client:
            experiment = client.get_run(self.id).info.experiment_id
            runs = client.search_runs([experiment], where, max_results=50_000, order_by=["start_time ASC"])
        return {int(run.data.tags[Tag.JOB]): run for run in runs}

    def stored(self, runs: Collection[str]) -> list[StoredRun]:
        """Runs by their ids, oldest first."""
        with self.store.client() as client:
            experiment = client.get_run(self.id).info.experiment_id
            where = f"attributes.run_id IN ({', '.join(repr(run) for run in runs)})"
            found = client.search_runs([experiment], where, max_results=50_000, order_by=["start_time ASC"])
        return [StoredRun(run, uri=self.store.uri) for run in found]

    def record_error(self, number: int, name: str, *, study: str | None, error: str, status: str | None = None) -> str:
        """Makes sure that a failed job has a FAILED run with its error, and returns the error that the run has.

        A job can fail before its run starts, and its process can be killed before it records the error.

        status: if given, it and the error replace those that the run already has
        """
        run = self.jobs(number).get(number)
        if run and Tag.ERROR in run.data.tags and not status:
            return str(run.data.tags[Tag.ERROR])
        with self.store.client() as client:
            if run is None:
                experiment = client.get_run(self.id).info.experiment_id
                tags = {Tag.PARENT: self.id, Tag.JOB: str(number), Tag.ATTEMPT: self.attempt}
                tags |= {Tag.PROGRAM: Program.TRAIN} | ({Tag.STUDY: study} if study else {})
                run = client.create_run(experiment, tags=tags, run_name=name[:250])
            client.set_tag(run.info.run_id, Tag.ERROR, error[:5000])
            client.set_terminated(run.info.run_id, status or "FAILED")
        return error

    def save(self, description: str, files: Mapping[str, "str | Figure"], metrics: Mapping[str, float]) -> None:
        """Stores the sweep's description in Markdown, texts and figures by file name, and metrics."""
        with self.store.client() as client:
            client.set_tag(self.id, Tag.DESCRIPTION, description)
            for name, content in files.items():
                if isinstance(content, str):
                    client.log_text(self.id, content, name)
                else:
                    client.log_figure(self.id, content, name, save_kwargs={"dpi": 150})
            for name, value in metrics.items():
                client.log_metric(self.id, name, value)


@contextmanager
def started_sweep(
    checkpoint: Checkpoint, interrupted: MlflowRun | None, *, name: str, studies: Collection[str | None]
) -> Iterator[SweepRun]:
    """The run of a sweep: a new one, or the one that was interrupted with the same checkpoint.

    It ends FINISHED, KILLED if it was interrupted, or FAILED if a job failed or anything else went wrong.

    studies: those of its jobs; if all have the same one, the run belongs to it too. MLflow must point at the store.
    """
    store = checkpoint.store
    (study,) = studies if len(studies) == 1 else (None,)
    tags = {Tag.PROGRAM: Program.SWEEP, Tag.CHECKPOINT: checkpoint.name} | ({Tag.STUDY: study} if study else {})
    with store.client() as client:
        experiment = mlflow.set_experiment(store.experiment).experiment_id
        run = interrupted or client.create_run(experiment, run_name=name[:250], tags=tags)
        client.update_run(run.info.run_id, status="RUNNING")
        if Tag.ERROR in run.data.tags:
            client.delete_tag(run.info.run_id, Tag.ERROR)
    deliver(store, [run.info.run_id])
    status, error, sweep = "FAILED", "", SweepRun(store, run.info.run_id, uuid4().hex)
    try:
        yield sweep
        status = "FINISHED"
    except KeyboardInterrupt as interrupt:
        status, error = "KILLED", str(interrupt) or "interrupted"
        raise
    except Exception as failure:
        error = str(failure) or type(failure).__name__
        raise
    finally:
        with store.client() as client:
            if error:
                client.set_tag(sweep.id, Tag.ERROR, error[:5000])
            client.set_terminated(sweep.id, status)
        deliver(store, [sweep.id, *(job.info.run_id for job in sweep.jobs().values())])
