"""Copies runs from one store to another: each run once, however often it is copied."""

from contextlib import nullcontext
from functools import cached_property

import mlflow
from filelock import FileLock
from mlflow.entities import DatasetInput, Metric, Param, Run, RunTag, ViewType

from bloodcells.config.errors import InputError
from bloodcells.config.names import Tag
from bloodcells.tracking.copy_files import RunFiles
from bloodcells.tracking.seen import say_seen
from bloodcells.tracking.store import LocalStore, Store
from bloodcells.tracking.view import prepared_experiment

PARAMS, POINTS = 100, 1000  # the most that MLflow logs in one request
UNFINISHED = ("RUNNING", "SCHEDULED")


class RunCopier:
    """Copies runs of one experiment from `source` to `target`, which may be a folder or a server.

    The target chooses the id of a copy; its tag `Tag.ORIGIN` has the id of the run that it is a copy of, also if it is
    the copy of a copy. So a run that is copied again is found and brought up to date, even if the answer to the request
    that created it was lost, and a run that comes back is recognized.
    Methods raise InputError, of which NoResponseError if a server does not respond.
    """

    def __init__(self, source: Store, target: Store) -> None:
        self._source, self._target = source, target
        self._copies: dict[str, str] = {}  # by the origin of a run, the id of its copy
        self._points: dict[str, set[tuple[str, int]]] = {}  # by copy, the names and steps of its metrics
        self._files: dict[str, RunFiles] = {}  # by copy

    def runs(self) -> list[Run]:
        """The runs of the source, oldest first, so that a sweep precedes its jobs."""
        experiment = self._from  # first, since opening a client would create a store that does not exist
        with self._source.client() as client:
            return list(client.search_runs([experiment], max_results=50_000, order_by=["attributes.start_time ASC"]))

    def copy(self, run_id: str) -> str | None:
        """Copies a run, or what its copy lacks. Returns the copy's id, or None if there was nothing to do."""
        run = run_by_id(self._source, run_id, self._from)
        if run is None:
            raise InputError(f"{self._source.setting}: has no run {run_id}; expected one of its experiments' runs")
        with self._target.client() as client:
            copy = self._find(client, origin := origin_of(run))
            if copy and _complete(copy, run, origin):
                self._copies[origin] = copy.info.run_id
                return None
            copy = copy or self._create(client, run)
            self._copies[origin] = copy_id = str(copy.info.run_id)
            if copy.info.status not in UNFINISHED:  # the run was resumed since
                client.update_run(copy_id, status="RUNNING")
            self._log(client, run, copy)
            files = self._files.setdefault(copy_id, RunFiles(self._source, self._target, copy_id))
            files.copy(run)
            files.copy_models(run, self.experiment)
            if run.info.status in UNFINISHED:
                say_seen(client, copy_id)
            else:
                client.set_terminated(copy_id, run.info.status, run.info.end_time)
        return copy_id

    def copied(self, run: Run) -> str:
        """The id of the copy of a run that `copy` was called for."""
        return self._copies[origin_of(run)]

    def _find(self, client: mlflow.MlflowClient, origin: str) -> Run | None:
        if known := self._copies.get(origin):
            return client.get_run(known)
        if original := run_by_id(self._target, origin, self.experiment):  # the run comes back to where it was made
            return original
        where = f"tags.`{Tag.ORIGIN}` = '{origin}'"
        found = client.search_runs([self.experiment], where, ViewType.ALL)  # one that was deleted is not made again
        return found[0] if found else None

    def _create(self, client: mlflow.MlflowClient, run: Run) -> Run:
        """Creates the copy. Jobs of a sweep may copy its run at the same time, so only one process does that."""
        tags = self._tags(run) | {Tag.ORIGIN: origin_of(run)}
        folder = next((store for store in (self._target, self._source) if isinstance(store, LocalStore)), None)
        with FileLock(folder.directory / ".copying") if folder else nullcontext():
            if found := self._find(client, origin_of(run)):
                return found
            return client.create_run(self.experiment, run.info.start_time, tags, run.info.run_name)

    @cached_property
    def _from(self) -> str:
        """The id of the source's experiment."""
        return self._source.existing_experiment()

    @cached_property
    def experiment(self) -> str:
        """The id of the target's experiment."""
        with self._target.client() as client:
            return prepared_experiment(
                client, self._target.experiment, self._target.settings.rank_by.metric, self._target.artifacts
            )

    def _tags(self, run: Run) -> dict[str, str]:
        """The run's tags, with its parent's copy as parent, which is copied first."""
        tags = dict(run.data.tags)
        parent = run_by_id(self._source, tags.get(Tag.PARENT, ""), self._from)
        if parent:  # otherwise it is in another store
            tags[Tag.PARENT] = self.copy(parent.info.run_id) or self.copied(parent)
        return tags

    def _log(self, client: mlflow.MlflowClient, run: Run, copy: Run) -> None:
        """Logs tags, params, the data set and metrics that the copy lacks."""
        copy_id, known = copy.info.run_id, copy.data
        tags = {key: value for key, value in run.data.tags.items() if key != Tag.PARENT}
        new_tags = [RunTag(key, value) for key, value in tags.items() if known.tags.get(key) != value]
        params = [Param(key, value) for key, value in run.data.params.items() if key not in known.params]
        points = self._new_points(client, run, copy)
        client.log_batch(copy_id, tags=new_tags)
        for start in range(0, len(params), PARAMS):
            client.log_batch(copy_id, params=params[start : start + PARAMS])
        for start in range(0, len(points), POINTS):
            client.log_batch(copy_id, metrics=points[start : start + POINTS])
        self._points[copy_id] |= {(point.key, point.step) for point in points}
        for key in set(known.tags) & {Tag.ERROR} - set(tags):  # the run was resumed since
            client.delete_tag(copy_id, key)
        if run.inputs and run.inputs.dataset_inputs and not (copy.inputs and copy.inputs.dataset_inputs):
            client.log_inputs(copy_id, [DatasetInput(each.dataset, each.tags) for each in run.inputs.dataset_inputs])

    def _new_points(self, client: mlflow.MlflowClient, run: Run, copy: Run) -> list[Metric]:
        copy_id = copy.info.run_id
        if copy_id not in self._points:
            self._points[copy_id] = {
                (name, entry.step) for name in copy.data.metrics for entry in client.get_metric_history(copy_id, name)
            }
        points = self._points[copy_id]
        with self._source.client() as source:
            entries = [entry for name in run.data.metrics for entry in source.get_metric_history(run.info.run_id, name)]
        return [entry for entry in entries if (entry.key, entry.step) not in points]


def run_by_id(store: Store, run_id: str, experiment: str | None = None) -> Run | None:
    """The run with this id in an experiment, by default the store's; None if there is none.

    It is searched for, since a server with users denies access to a run that does not exist.
    """
    if not run_id.isalnum():
        return None
    experiment = experiment or store.existing_experiment()
    with store.client() as client:
        found = client.search_runs([experiment], f"attributes.run_id = '{run_id}'", ViewType.ALL)
    return found[0] if found else None


def origin_of(run: Run) -> str:
    """The id of the run that a run is a copy of, or its own."""
    return str(run.data.tags.get(Tag.ORIGIN, run.info.run_id))


def _complete(copy: Run, run: Run, origin: str) -> bool:
    """Whether the copy has all that the run has, or needs nothing: it is the original, or it was deleted."""
    if copy.info.run_id == origin or copy.info.lifecycle_stage == "deleted":
        return True
    ended = copy.info.status not in UNFINISHED
    if run.info.run_id != origin:  # both are copies, of which the one that ended later has more
        return ended and (run.info.status in UNFINISHED or copy.info.end_time >= run.info.end_time)
    return ended and (copy.info.status, copy.info.end_time) == (run.info.status, run.info.end_time)
