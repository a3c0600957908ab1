"""Runs that a kill left RUNNING are closed; live ones and those of other machines are not."""

import os
import shutil
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import mlflow
import pytest
from filelock import FileLock

from bloodcells.config.names import Tag
from bloodcells.provenance.fingerprint import Fingerprint
from bloodcells.runs.checkpoint import JOB_LOCK, claim
from bloodcells.runs.killed import close_killed, wait_for_jobs
from bloodcells.runs.lifecycle import tracked
from bloodcells.tracking.store import store_of
from bloodcells.training.state import StateFile
from tests.conftest import composed
from tests.resume.process import STUCK
from tests.training.test_state import STATE

FINGERPRINT = Fingerprint("d" * 64, "c" * 64, "e" * 64, "f" * 64, "none", "abc", False)


@pytest.fixture
def config(tmp_path):
    config = composed(f"tracking.directory={tmp_path}")
    store_of(config.tracking).open()
    return config


def running(checkpoint: Path | None) -> str:
    """The id of a run that is RUNNING in MLflow, as a killed process leaves it, with this checkpoint."""
    tags = {Tag.CHECKPOINT: checkpoint.name} if checkpoint else {}
    return (
        mlflow.MlflowClient()
        .create_run(mlflow.get_experiment_by_name("bloodcells").experiment_id, tags=tags)
        .info.run_id
    )


def status(run_id: str) -> str:
    return mlflow.get_run(run_id).info.status


def left(config, identity: dict[str, str]) -> Path:
    """A checkpoint whose process is gone."""
    with claim(store_of(config.tracking), identity) as checkpoint:
        StateFile(checkpoint.file, checkpoint.identity).write(STATE)
    return checkpoint.folder


def test_run_of_a_killed_process_fails_with_an_error(config) -> None:
    checkpoint = left(config, {"config": "old", "processor": "another"})
    run_id = running(checkpoint)
    last_seen = round(time.time()) + 60
    os.utime(checkpoint / "state.npz", (last_seen, last_seen))
    assert close_killed(store_of(config.tracking)) == [run_id]
    run = mlflow.get_run(run_id)
    assert (run.info.status, run.data.tags["error"][:6]) == ("FAILED", "killed")
    assert run.info.end_time == last_seen * 1000
    assert close_killed(store_of(config.tracking)) == []


def test_runs_that_are_alive_or_have_no_checkpoint_here_are_left_alone(config) -> None:
    with ExitStack() as stack:
        alive = [
            running(stack.enter_context(claim(store_of(config.tracking), {"config": "same"})).folder) for _ in range(2)
        ]
        gone = left(config, {"config": "other"})
        others = [running(gone), running(None)]
        shutil.rmtree(gone)
        assert close_killed(store_of(config.tracking)) == []
        assert {status(run_id) for run_id in alive + others} == {"RUNNING"}
    assert sorted(close_killed(store_of(config.tracking))) == sorted(alive)
    assert {status(run_id) for run_id in others} == {"RUNNING"}


def test_locks_that_a_killed_sweep_left_are_removed_and_others_stay(config) -> None:
    store = store_of(config.tracking)
    store.checkpoints.mkdir()
    left, held = (store.checkpoints / JOB_LOCK.format(name) for name in ("left", "held"))
    left.touch()
    with FileLock(held):
        close_killed(store)
        assert [file.name for file in store.checkpoints.iterdir()] == [held.name]


def test_jobs_of_an_interrupted_sweep_are_waited_for(config) -> None:
    store, seconds = store_of(config.tracking), 0.5
    with claim(store, {"config": "another sweep's"}) as other:
        running(other.folder)
        with ExitStack() as alive:
            job = alive.enter_context(claim(store, {"config": "job"})).folder
            mlflow.MlflowClient().set_tag(running(job), Tag.PARENT, "sweep")
            start = time.monotonic()
            wait_for_jobs(store, "sweep", seconds)
            assert time.monotonic() - start >= seconds
            assert close_killed(store) == []
            timer = threading.Timer(seconds, alive.close)
            timer.start()
            wait_for_jobs(store, "sweep", STUCK)
            assert len(close_killed(store)) == 1
            timer.join()


def test_run_that_ends_during_the_search_keeps_its_status(config, monkeypatch) -> None:
    run_id = running(left(config, {"config": "c"}))
    search = mlflow.search_runs

    def search_then_end(**arguments):
        runs = search(**arguments)
        mlflow.MlflowClient().set_terminated(run_id, "KILLED")
        return runs

    monkeypatch.setattr(mlflow, "search_runs", search_then_end)
    assert close_killed(store_of(config.tracking)) == []
    assert status(run_id) == "KILLED"


def test_other_runs_close_it_and_the_same_command_still_resumes_it(config) -> None:
    def interrupted() -> None:
        with tracked(config, FINGERPRINT, "cells.npz") as run:
            ids.append(run.id)
            raise KeyboardInterrupt

    ids: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    mlflow.MlflowClient().update_run(ids[0], "RUNNING")  # as kill -9 leaves it
    other = composed(f"tracking.directory={config.tracking.directory}", "study=other")
    with tracked(other, FINGERPRINT, "cells.npz") as run:
        assert (status(ids[0]), status(run.id)) == ("FAILED", "RUNNING")
    with tracked(config, FINGERPRINT, "cells.npz") as run:
        assert (run.id, status(run.id)) == (ids[0], "RUNNING")
    assert status(ids[0]) == "FINISHED"
    assert "error" not in mlflow.get_run(ids[0]).data.tags
