"""A run is copied to its server while it is in progress, and does not depend on the server."""

import time
from collections.abc import Callable

import mlflow
import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.names import Program, Tag
from bloodcells.config.schema import TrainConfig
from bloodcells.provenance.fingerprint import fingerprint
from bloodcells.runs.lifecycle import tracked
from bloodcells.runs.sweep_run import SweepRun
from bloodcells.runs.train import train
from bloodcells.sweep.elsewhere import BusyElsewhereError, finished_elsewhere
from bloodcells.tracking import mirror, seen
from bloodcells.tracking.copy_run import RunCopier
from bloodcells.tracking.seen import close_lost
from bloodcells.tracking.store import source_of, store_of
from tests.conftest import TINY, composed
from tests.server import PASS, PATIENT, Proxy, at_random, give_up_after
from tests.sweep.command import Sweep
from tests.tracking.test_copy_run import assert_complete, copy_all

TAGS = ("sha256.config", "sha256.data", "sha256.code", "sha256.packages", "sha256.initial_weights")


def on_server(proxy: Proxy, folder, *overrides: str) -> TrainConfig:
    return composed(
        "tracking=server", f"tracking.uri={proxy.address}", f"tracking.directory={folder}", *TINY, *overrides
    )


@pytest.fixture
def config(proxy, tmp_path, monkeypatch) -> TrainConfig:
    monkeypatch.setattr(mirror, "SECONDS", 0.05)
    return on_server(proxy, tmp_path / "mlruns")


def until(condition: Callable[[], bool]) -> None:
    """Waits until a thread has done what it must do."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def copies(config: TrainConfig) -> list[mlflow.entities.Run]:
    return RunCopier(source_of(config.tracking), store_of(config.tracking)).runs()


def test_a_run_is_copied_while_it_is_in_progress(config, proxy, tmp_path) -> None:
    source_of(config.tracking).open()
    with tracked(config, fingerprint(config, "d" * 64), "cells.npz") as run:
        run.log_metrics({"all_epochs/val_accuracy": 0.5}, step=1)
        until(lambda: any("all_epochs/val_accuracy" in copy.data.metrics for copy in copies(config)))
        (copy,) = copies(config)
        assert (copy.info.status, copy.data.params["backbone"]) == ("RUNNING", "smallcnn")
        run.save({"folder/note.txt": "kept"})
    assert (
        run.locations()["browse"] == f"{proxy.address}/#/experiments/{copy.info.experiment_id}/runs/{copy.info.run_id}"
    )
    assert_complete(store_of(config.tracking), source_of(config.tracking), tmp_path)


def test_a_run_ends_without_its_server_and_is_delivered_later(config, proxy, tmp_path, caplog) -> None:
    source_of(config.tracking).open()
    proxy.fault = lambda _: "refuse"
    with tracked(config, fingerprint(config, "d" * 64), "cells.npz") as run:
        until(lambda: proxy.requests["refuse"] > 3)
        run.log_metrics({"all_epochs/val_accuracy": 0.5}, step=1)
    assert sum("training continues, and the run is copied later" in line for line in caplog.messages) == 1
    command = f"python -m bloodcells.sync from={tmp_path}/mlruns to={proxy.address}"
    assert caplog.messages[-1].endswith(f"nothing is lost, copy it when the server responds: {command}")
    proxy.fault = lambda _: PASS
    assert copy_all(store_of(config.tracking), source_of(config.tracking)) == 1
    assert_complete(store_of(config.tracking), source_of(config.tracking), tmp_path)


def test_an_interrupted_run_does_not_wait_for_a_server_that_hangs(config, proxy, monkeypatch, caplog) -> None:
    source_of(config.tracking).open()
    monkeypatch.setattr(mirror, "SECONDS_IF_INTERRUPTED", 0.0)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "100")
    monkeypatch.setattr("tests.server.TIMEOUT", "5")

    def interrupted() -> None:
        with tracked(config, fingerprint(config, "d" * 64), "cells.npz"):
            proxy.fault = lambda _: "hang"
            until(lambda: proxy.requests["hang"] > 0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert any("nothing is lost" in line for line in caplog.messages)
    with store_of(config.tracking).client() as client:
        (run,) = client.search_runs([store_of(config.tracking).existing_experiment()])
        assert run.info.status == "KILLED"


def test_a_run_does_not_wait_for_a_server_that_was_away_and_hangs(config, proxy, monkeypatch, caplog) -> None:
    source_of(config.tracking).open()
    monkeypatch.setattr(mirror, "SECONDS_IF_AWAY", 0.0)
    give_up_after(PATIENT, monkeypatch)
    monkeypatch.setattr("tests.server.TIMEOUT", PATIENT)
    with tracked(config, fingerprint(config, "d" * 64), "cells.npz"):
        proxy.fault = lambda _: "refuse"
        until(lambda: "copied later" in caplog.text)
        proxy.fault = lambda _: "hang"
        until(lambda: proxy.requests["hang"] > 0)
    assert proxy.requests["hang"] == 1  # it was not waited for, after which there would be another
    assert "nothing is lost" in caplog.messages[-1]


def test_a_job_says_that_its_sweep_is_alive(config, sweep) -> None:
    run_id = sweep.store.new_run("job", {Tag.PROGRAM: Program.TRAIN, Tag.PARENT: sweep.id})
    following = mirror.Mirror(sweep.store, run_id)

    def when() -> str:
        return next((copy.data.tags[Tag.SEEN] for copy in copies(config) if Tag.PARENT not in copy.data.tags), "")

    until(lambda: len(copies(config)) == 2)
    first = when()
    until(lambda: when() > first)
    following.close(interrupted=False)


def test_a_training_leaves_the_same_in_both_stores(config, tmp_path) -> None:
    result = train(config)
    assert_complete(store_of(config.tracking), source_of(config.tracking), tmp_path)
    (copy,) = copies(config)
    assert {name: copy.data.metrics[name] for name in result.metrics} == result.metrics


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_training_between_random_faults_is_complete_in_the_end(config, proxy, tmp_path, seed) -> None:
    source_of(config.tracking).open()
    proxy.fault = at_random(seed, 0.15)
    train(config, tracked)
    proxy.fault = lambda _: PASS
    copy_all(store_of(config.tracking), source_of(config.tracking))
    assert_complete(store_of(config.tracking), source_of(config.tracking), tmp_path)
    assert [copy.info.status for copy in copies(config)] == ["FINISHED"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_sweep_between_random_faults_is_complete_in_the_end(proxy, tmp_path, monkeypatch, seed) -> None:
    config = on_server(proxy, tmp_path / "mlruns")
    faults = at_random(seed, 0.2)
    proxy.fault = lambda number: faults(number) if number > 20 else PASS  # a sweep begins only if its server responds
    server = ("tracking=server", f"tracking.uri={proxy.address}")
    sweep = Sweep(tmp_path / "mlruns", ("--multirun", *TINY, "unfreeze=0,all", "seed=0,1", *server))
    assert sweep.run(sweep.served()) == 0, sweep.output("err")
    assert set(proxy.requests) > {PASS}
    proxy.fault = lambda _: PASS
    give_up_after(PATIENT, monkeypatch)
    copy_all(store_of(config.tracking), source_of(config.tracking))
    assert [run.info.status for run in copies(config)] == ["FINISHED"] * 5
    assert_complete(store_of(config.tracking), source_of(config.tracking), tmp_path)


def test_the_server_is_asked_before_data_and_tensorflow(proxy, tmp_path) -> None:
    proxy.fault = lambda _: "refuse"
    server = ("tracking=server", f"tracking.uri={proxy.address}", f"tracking.directory={tmp_path}/mlruns")
    config = composed(*server, "data=npz", f"data.path={tmp_path}/missing.npz")
    with pytest.raises(InputError, match="no MLflow server responds there"):
        train(config)
    assert not (tmp_path / "mlruns").exists()


@pytest.fixture
def sweep(config) -> SweepRun:
    """A sweep of this machine, which has its run in the store and on the server."""
    source_of(config.tracking).open()
    return started(config)


def started(config: TrainConfig) -> SweepRun:
    store = store_of(config.tracking)
    store.open()
    return SweepRun(store, store.new_run("sweep", {Tag.PROGRAM: Program.SWEEP}), "attempt")


@pytest.fixture
def theirs(config, proxy, tmp_path):
    """A function that makes a run of another machine, with a status, and copies it to the server; returns its key."""
    other = on_server(proxy, tmp_path / "other")

    def make(status: str) -> tuple[str, ...]:
        store = store_of(other.tracking)
        store.open()
        tags = dict(zip(TAGS, "abcde", strict=True)) | {Tag.PROGRAM: Program.TRAIN}
        run_id = store.new_run("theirs", tags)
        with store.client() as client:
            if status != "RUNNING":
                client.set_terminated(run_id, status)
        RunCopier(store, source_of(other.tracking)).copy(run_id)
        return ("", *"abcde")

    return make


def test_a_job_that_another_machine_has_finished_is_copied(sweep, theirs) -> None:
    key, store = theirs("FINISHED"), sweep.store
    run_id = finished_elsewhere(sweep, key, waits=False)
    assert finished_elsewhere(sweep, key, waits=False) == run_id
    with store.client() as client:
        assert client.get_run(run_id).info.status == "FINISHED"
    assert finished_elsewhere(sweep, ("", *"abcdf"), waits=False) is None


@pytest.mark.parametrize("status", ["FAILED", "KILLED"])
def test_a_job_that_failed_elsewhere_is_run(sweep, theirs, status) -> None:
    assert finished_elsewhere(sweep, theirs(status), waits=False) is None


def test_a_job_that_another_machine_is_running_is_left_until_the_machine_is_gone(sweep, theirs, monkeypatch) -> None:
    key = theirs("RUNNING")
    with pytest.raises(BusyElsewhereError, match=r"\w"):
        finished_elsewhere(sweep, key, waits=False)
    monkeypatch.setattr("bloodcells.sweep.elsewhere.FRESH", 0.0)
    assert finished_elsewhere(sweep, key, waits=True) is None


def test_our_own_interrupted_run_is_not_taken_for_another_machines(sweep, theirs, proxy, tmp_path) -> None:
    key = theirs("RUNNING")
    assert finished_elsewhere(started(on_server(proxy, tmp_path / "other")), key, waits=False) is None


def test_of_two_sweeps_that_choose_a_job_at_the_same_time_the_first_has_it(sweep, proxy, tmp_path, monkeypatch) -> None:
    key, other = ("", *"abcde"), started(on_server(proxy, tmp_path / "other"))
    assert finished_elsewhere(sweep, key, waits=False) is None
    with pytest.raises(BusyElsewhereError):
        finished_elsewhere(other, key, waits=False)
    assert finished_elsewhere(other, ("", *"abcdf"), waits=False) is None
    assert finished_elsewhere(sweep, key, waits=False) is None  # the other one has taken its announcement back
    monkeypatch.setattr("bloodcells.sweep.elsewhere.FRESH", -100.0)  # long ago
    assert finished_elsewhere(other, key, waits=True) is None


def test_without_its_server_a_sweep_runs_its_jobs(sweep, theirs, proxy, caplog) -> None:
    key = theirs("RUNNING")
    proxy.fault = lambda _: "refuse"
    assert finished_elsewhere(sweep, key, waits=False) is None
    assert "the job runs without asking what other machines do" in caplog.text


def test_runs_of_lost_machines_fail_and_come_back_with_their_machine(
    config, theirs, proxy, tmp_path, monkeypatch
) -> None:
    server = source_of(config.tracking)
    server.open()
    theirs("RUNNING")
    close_lost(server)
    assert [run.info.status for run in copies(config)] == ["RUNNING"]
    monkeypatch.setattr(seen, "LOST", -120.0)
    close_lost(server)
    (run,) = copies(config)
    assert run.info.status == "FAILED"
    assert "has not been heard of for" in run.data.tags[Tag.ERROR]

    store = store_of(on_server(proxy, tmp_path / "other").tracking)
    copy_all(store, server)
    (run,) = copies(config)
    assert (run.info.status, Tag.ERROR in run.data.tags) == ("RUNNING", False)
