"""Runs whose process was killed before it could end them: somebody else does, for they would stay RUNNING for ever."""

import logging
from pathlib import Path

import mlflow
from filelock import FileLock, Timeout
from mlflow.entities import RunStatus

from bloodcells.config.schema import LocalTracking, ServerTracking
from bloodcells.runs.unfinished import PLACE, checkpoints, listing
from bloodcells.tracking.store import one_line_errors

log = logging.getLogger(__name__)
RUNNING = RunStatus.to_string(RunStatus.RUNNING)
ERROR = "killed: its process ended without a word (kill -9, or out of memory); the same command goes on with it"


def close_dead(tracking: LocalTracking | ServerTracking) -> list[str]:
    """Marks as FAILED every run of the experiment that is RUNNING though its process is gone; gives their ids.

    A process holds the lock of its run's place from before the run begins until after it has ended. Runs whose place is
    not on this machine are left alone: nobody here knows. MLflow must point at the store.
    Raises InputError where the store cannot be read or written.
    """
    with one_line_errors(tracking):
        running = mlflow.search_runs(
            experiment_names=[tracking.experiment],
            filter_string=f"attributes.status = '{RUNNING}'",
            output_format="list",
        )
        directory = checkpoints(tracking)
        places = {run.info.run_id: directory / run.data.tags[PLACE] for run in running if PLACE in run.data.tags}
        return [run_id for run_id, place in places.items() if _close(run_id, place)]


def _close(run_id: str, place: Path) -> bool:
    """Whether the run was dead and is closed."""
    if not place.is_dir():
        return False
    with listing(place.parent):  # else the same command, given just now, would find its place held, and begin anew
        files = [file for file in place.glob("*.*") if file.is_file()]
        if not files:  # it has ended, and taken its place away, since it was listed
            return False
        try:
            with FileLock(place / "lock", timeout=0):
                client = mlflow.MlflowClient()
                if client.get_run(run_id).info.status != RUNNING:  # it has ended since
                    return False
                client.set_tag(run_id, "error", ERROR)
                last_seen = round(1000 * max(file.stat().st_mtime for file in files))
                ended = max(last_seen, client.get_run(run_id).info.start_time)
                client.set_terminated(run_id, RunStatus.to_string(RunStatus.FAILED), ended)
        except Timeout:  # it is alive
            return False
    log.info("run %s is closed as failed: its process was killed", run_id)
    return True
