"""A sweep in MLflow: a run of its own, and its jobs' runs below it. Needs no TensorFlow."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run

from bloodcells.config.errors import JobsFailedError
from bloodcells.config.schema import LocalTracking, ServerTracking
from bloodcells.tracking.store import one_line_errors, open_store
from bloodcells.tracking.unfinished import PLACE, Place

PARENT, NUMBER, PROGRAM = "mlflow.parentRunId", "sweep.job", "mlflow.source.name"  # tags


@dataclass(frozen=True)
class SweepJob:
    """What a run is in a sweep.

    parent: the id of the sweep's run; number: the job's; shared: the folder where its jobs leave each other phase 1,
        in MB about twice the weights for each that is another. Whoever made the folder takes it away.
    """

    parent: str
    number: int
    shared: Path

    @property
    def tags(self) -> dict[str, str]:
        """Those of its run."""
        return {PARENT: self.parent, NUMBER: str(self.number)}


@dataclass(frozen=True)
class Parent:
    """The run of a sweep, as any process that the store can be reached from sees it."""

    tracking: LocalTracking | ServerTracking
    id: str

    def jobs(self) -> dict[int, Run]:
        """The runs of jobs by their numbers, of several for one job the newest."""
        with self._client() as client:
            experiment = client.get_run(self.id).info.experiment_id
            found = client.search_runs(
                [experiment], f"tags.`{PARENT}` = '{self.id}'", max_results=50_000, order_by=["start_time ASC"]
            )
        return {int(run.data.tags[NUMBER]): run for run in found if NUMBER in run.data.tags}

    def record(self, number: int, name: str, study: str | None, error: str) -> str:
        """Sees to it that a job that failed has a run that FAILED with its error; gives the error that stands there.

        A job can end before it has a run, and so that its run does not know.
        """
        left = self.jobs().get(number)
        with self._client() as client:
            if left is None:
                experiment = client.get_run(self.id).info.experiment_id
                tags = {PARENT: self.id, NUMBER: str(number), PROGRAM: "bloodcells.train"}
                left = client.create_run(
                    experiment, tags=tags | ({"study": study} if study else {}), run_name=name[:250]
                )
            elif left.info.status == "FAILED" and "error" in left.data.tags:
                return str(left.data.tags["error"])
            client.set_tag(left.info.run_id, "error", error[:5000])
            client.set_terminated(left.info.run_id, "FAILED")
            return error

    def tell(self, text: str, files: Mapping[str, str], counts: Mapping[str, float]) -> None:
        """Keeps what is told of the sweep: its description, Markdown; files by their names; metrics."""
        with self._client() as client:
            client.set_tag(self.id, "mlflow.note.content", text)
            for name, content in files.items():
                client.log_text(self.id, content, name)
            for name, count in counts.items():
                client.log_metric(self.id, name, count)

    def open(self) -> LocalTracking | ServerTracking:
        """The store, with MLflow pointed at it."""
        open_store(self.tracking)
        return self.tracking

    @contextmanager
    def _client(self) -> Iterator[MlflowClient]:
        self.open()
        with one_line_errors(self.tracking):
            yield MlflowClient()


@contextmanager
def parent_run(
    tracking: LocalTracking | ServerTracking, place: Place, left: Run | None, name: str, studies: Collection[str | None]
) -> Iterator[Parent]:
    """The run of a sweep, with its state at `place`: a new one, or the one that was left there.

    studies: what its jobs are filed under; a single one is its own, too.
    It ends FINISHED; FAILED where a job did, which raises `JobsFailedError`; KILLED where it was interrupted.
    """
    (study,) = studies if len(studies) == 1 else (None,)
    tags = {"study": study} if study else {}
    with one_line_errors(tracking):
        client = MlflowClient()
        run = left or client.create_run(
            mlflow.set_experiment(tracking.experiment).experiment_id,
            run_name=name[:250],
            tags={**tags, PROGRAM: "bloodcells.sweep", PLACE: place.name},
        )
        client.update_run(run.info.run_id, status="RUNNING")
    status = "KILLED"
    try:
        yield Parent(tracking, run.info.run_id)
        status = "FINISHED"
    except JobsFailedError:
        status = "FAILED"
        raise
    finally:
        with one_line_errors(tracking):
            client.set_terminated(run.info.run_id, status)
