"""Closes runs whose process was killed and which would otherwise stay RUNNING."""

import logging
import time
from contextlib import suppress
from pathlib import Path

import mlflow
from filelock import FileLock, Timeout
from mlflow.entities import RunStatus

from bloodcells.config.names import Tag
from bloodcells.runs.checkpoint import JOB_LOCK, folder_lock
from bloodcells.tracking.store import Store

log = logging.getLogger(__name__)
RUNNING = RunStatus.to_string(RunStatus.RUNNING)
ERROR = "killed: its process ended without an error (kill -9, or out of memory); the same command resumes it"


def close_killed(store: Store) -> list[str]:
    """Marks every run of the experiment that is RUNNING without a process as FAILED, and returns their ids.

    A process holds the lock of its checkpoint from before its run starts until after it has ended. Runs without a
    checkpoint on this machine are left alone, since their process may be alive elsewhere. MLflow must point at the
    store. Also removes the locks of jobs whose sweep was killed.
    Raises InputError if the store cannot be read or written.
    """
    with store.errors():
        for file in store.checkpoints.glob(JOB_LOCK.format("*")):
            with suppress(Timeout), FileLock(file, timeout=0):
                file.unlink(missing_ok=True)
        return [run_id for run_id, folder in _running(store).items() if _close(run_id, folder)]


def wait_for_jobs(store: Store, parent_id: str, seconds: float) -> None:
    """Waits until no job of a sweep is alive, at most for the given time.

    Jobs whose supervisor was killed end by themselves, but not at once. Raises InputError if the store cannot be read.
    """
    deadline = time.monotonic() + seconds
    with store.errors():
        for checkpoint in _running(store, f" and tags.`{Tag.PARENT}` = '{parent_id}'").values():
            # A job that has ended in order has removed its checkpoint.
            with suppress(FileNotFoundError, Timeout), FileLock(checkpoint / "lock", timeout=_left(deadline)):
                pass


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _running(store: Store, condition: str = "") -> dict[str, Path]:
    """The checkpoint of each RUNNING run that has one, by the run's id."""
    runs = mlflow.search_runs(
        experiment_names=[store.experiment],
        filter_string=f"attributes.status = '{RUNNING}'{condition}",
        output_format="list",
    )
    tags = {run.info.run_id: run.data.tags for run in runs}
    return {
        run_id: store.checkpoints / tags[run_id][Tag.CHECKPOINT] for run_id in tags if Tag.CHECKPOINT in tags[run_id]
    }


def _close(run_id: str, checkpoint: Path) -> bool:
    """Closes the run if its process is gone; returns whether it was closed."""
    if not checkpoint.is_dir():
        return False
    # Without this lock, the same command, if started now, would find the checkpoint locked and start a new run.
    with folder_lock(checkpoint.parent):
        files = [file for file in checkpoint.glob("*.*") if file.is_file()]
        if not files:  # the run has ended since the search and has removed its checkpoint
            return False
        try:
            with FileLock(checkpoint / "lock", timeout=0):
                client = mlflow.MlflowClient()
                if client.get_run(run_id).info.status != RUNNING:  # it has ended since the search
                    return False
                client.set_tag(run_id, Tag.ERROR, ERROR)
                last_seen = round(1000 * max(file.stat().st_mtime for file in files))
                ended = max(last_seen, client.get_run(run_id).info.start_time)
                client.set_terminated(run_id, RunStatus.to_string(RunStatus.FAILED), ended)
        except Timeout:  # its process is alive
            return False
    log.info("run %s is marked FAILED: its process was killed", run_id)
    return True
