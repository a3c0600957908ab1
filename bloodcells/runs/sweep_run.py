"""A sweep in MLflow: a run of its own, and its jobs' runs below it. Needs no TensorFlow."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run

from bloodcells.config.schema import LocalTracking, ServerTracking
from bloodcells.runs.unfinished import PLACE, Place
from bloodcells.tracking.store import database_uri, local_directory, one_line_errors

# Tags; an attempt is one call of a sweep's command, of which there are several where it was taken up again.
PARENT, NUMBER, ATTEMPT, PROGRAM = "mlflow.parentRunId", "sweep.job", "sweep.attempt", "mlflow.source.name"


@dataclass(frozen=True)
class SweepJob:
    """What a run is in a sweep.

    parent: the id of the sweep's run; number: the job's; shared: the folder where its jobs leave each other phase 1,
        in MB about twice the weights for each that is another. Whoever made the folder takes it away.
    attempt: of the sweep
    """

    parent: str
    number: int
    shared: Path
    attempt: str = ""

    @property
    def tags(self) -> dict[str, str]:
        """Those of its run."""
        return {PARENT: self.parent, NUMBER: str(self.number), ATTEMPT: self.attempt}


@dataclass(frozen=True)
class Parent:
    """The run of a sweep, as any process that the store can be reached from sees it, in one attempt at its jobs."""

    tracking: LocalTracking | ServerTracking
    id: str
    attempt: str

    def job(self, number: int, shared: Path) -> SweepJob:
        """What the run of a job is told; shared: see there."""
        return SweepJob(self.id, number, shared, self.attempt)

    def jobs(self, number: int | None = None) -> dict[int, Run]:
        """The runs of this attempt by their jobs' numbers, of several for one job the newest; number: of one job."""
        where = f"tags.`{PARENT}` = '{self.id}' and tags.`{ATTEMPT}` = '{self.attempt}'"
        if number is not None:
            where += f" and tags.`{NUMBER}` = '{number}'"
        with self._client() as client:
            experiment = client.get_run(self.id).info.experiment_id
            found = client.search_runs([experiment], where, max_results=50_000, order_by=["start_time ASC"])
        return {int(run.data.tags[NUMBER]): run for run in found}

    def record(self, number: int, name: str, study: str | None, error: str) -> str:
        """Sees to it that a job that failed has a run that FAILED with its error; gives the error that stands there.

        A job can end before it has a run, and so that its run does not know.
        """
        run = self.jobs(number).get(number)
        if run and "error" in run.data.tags:
            return str(run.data.tags["error"])
        with self._client() as client:
            if run is None:
                experiment = client.get_run(self.id).info.experiment_id
                tags = {PARENT: self.id, NUMBER: str(number), ATTEMPT: self.attempt, PROGRAM: "bloodcells.train"}
                tags |= {"study": study} if study else {}
                run = client.create_run(experiment, tags=tags, run_name=name[:250])
            client.set_tag(run.info.run_id, "error", error[:5000])
            client.set_terminated(run.info.run_id, "FAILED")
        return error

    def tell(self, text: str, files: Mapping[str, str], counts: Mapping[str, float]) -> None:
        """Keeps what is told of the sweep: its description, Markdown; files by their names; metrics."""
        with self._client() as client:
            client.set_tag(self.id, "mlflow.note.content", text)
            for name, content in files.items():
                client.log_text(self.id, content, name)
            for name, count in counts.items():
                client.log_metric(self.id, name, count)

    @contextmanager
    def _client(self) -> Iterator[MlflowClient]:
        tracking = self.tracking
        with one_line_errors(tracking):
            if isinstance(tracking, LocalTracking):
                yield MlflowClient(database_uri(local_directory(tracking)))
            else:
                yield MlflowClient(tracking.uri)


@contextmanager
def parent_run(
    tracking: LocalTracking | ServerTracking, place: Place, left: Run | None, name: str, studies: Collection[str | None]
) -> Iterator[Parent]:
    """The run of a sweep, with its state at `place`: a new one, or the one that was left there.

    studies: what its jobs are filed under; a single one is its own, too. MLflow must point at the store.
    It ends FINISHED, or KILLED where it was interrupted, or FAILED where a job did or whatever else went wrong.
    """
    (study,) = studies if len(studies) == 1 else (None,)
    tags = {PROGRAM: "bloodcells.sweep", PLACE: place.name} | ({"study": study} if study else {})
    with one_line_errors(tracking):
        client = MlflowClient()
        experiment = mlflow.set_experiment(tracking.experiment).experiment_id
        run = left or client.create_run(experiment, run_name=name[:250], tags=tags)
        client.update_run(run.info.run_id, status="RUNNING")
        if "error" in run.data.tags:
            client.delete_tag(run.info.run_id, "error")
    status = "FAILED"
    try:
        yield Parent(tracking, run.info.run_id, uuid4().hex)
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        with one_line_errors(tracking):
            client.set_terminated(run.info.run_id, status)
