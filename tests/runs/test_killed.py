"""Runs that a kill left RUNNING are closed; those that live, or are another machine's, are not."""

import os
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import mlflow
import pytest

from bloodcells.provenance.fingerprint import Fingerprint
from bloodcells.runs.killed import close_dead
from bloodcells.runs.lifecycle import tracked
from bloodcells.runs.unfinished import PLACE, claimed
from bloodcells.tracking.store import open_store
from bloodcells.training.state import StateFile
from tests.conftest import composed
from tests.training.test_state import STATE

FINGERPRINT = Fingerprint("d" * 64, "c" * 64, "e" * 64, "f" * 64, "none", "abc", False)


@pytest.fixture
def config(tmp_path):
    config = composed(f"tracking.directory={tmp_path}")
    open_store(config.tracking)
    return config


def running(place: Path | None) -> str:
    """The id of a run that is RUNNING in MLflow, as a killed process leaves it; place: where its state is."""
    tags = {PLACE: place.name} if place else {}
    return (
        mlflow.MlflowClient()
        .create_run(mlflow.get_experiment_by_name("bloodcells").experiment_id, tags=tags)
        .info.run_id
    )


def status(run_id: str) -> str:
    return mlflow.get_run(run_id).info.status


def left(config, identity: dict[str, str]) -> Path:
    """A place whose process is gone."""
    with claimed(config.tracking, identity) as place:
        StateFile(place.file, place.identity).write(STATE)
    return place.folder


def test_a_run_whose_process_is_gone_is_failed_and_says_why(config) -> None:
    place = left(config, {"config": "of then", "processor": "another"})
    run_id = running(place)
    last_seen = round(time.time()) + 60
    os.utime(place / "state.npz", (last_seen, last_seen))
    assert close_dead(config.tracking) == [run_id]
    found = mlflow.get_run(run_id)
    assert (found.info.status, found.data.tags["error"][:6]) == ("FAILED", "killed")
    assert found.info.end_time == last_seen * 1000
    assert close_dead(config.tracking) == []


def test_those_that_are_alive_or_have_no_place_here_are_left_alone(config) -> None:
    with ExitStack() as stack:
        alive = [running(stack.enter_context(claimed(config.tracking, {"config": "same"})).folder) for _ in range(2)]
        gone = left(config, {"config": "other"})
        others = [running(gone), running(None)]
        shutil.rmtree(gone)
        assert close_dead(config.tracking) == []
        assert {status(run_id) for run_id in alive + others} == {"RUNNING"}
    assert sorted(close_dead(config.tracking)) == sorted(alive)
    assert {status(run_id) for run_id in others} == {"RUNNING"}


def test_one_that_ended_while_it_was_looked_at_keeps_its_end(config, monkeypatch) -> None:
    run_id = running(left(config, {"config": "c"}))
    search = mlflow.search_runs

    def interrupted_just_then(**arguments):
        found = search(**arguments)
        mlflow.MlflowClient().set_terminated(run_id, "KILLED")
        return found

    monkeypatch.setattr(mlflow, "search_runs", interrupted_just_then)
    assert close_dead(config.tracking) == []
    assert status(run_id) == "KILLED"


def test_any_other_run_closes_it_and_the_same_command_still_goes_on_with_it(config) -> None:
    def interrupted() -> str:
        with tracked(config, FINGERPRINT, "cells.npz") as run:
            found.append(run.id)
            raise KeyboardInterrupt

    found: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    mlflow.MlflowClient().update_run(found[0], "RUNNING")  # as kill -9 would have left it
    other = composed(f"tracking.directory={config.tracking.directory}", "study=other")
    with tracked(other, FINGERPRINT, "cells.npz") as run:
        assert (status(found[0]), status(run.id)) == ("FAILED", "RUNNING")
    with tracked(config, FINGERPRINT, "cells.npz") as run:
        assert (run.id, status(run.id)) == (found[0], "RUNNING")
    assert status(found[0]) == "FINISHED"
    assert "error" not in mlflow.get_run(found[0]).data.tags
