"""Each run is copied once, completely, and whatever happens to the requests."""

import filecmp
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import LoggedModelStatus, Run

from bloodcells.config.errors import InputError
from bloodcells.config.names import Program, Tag
from bloodcells.config.schema import LocalTracking, RankBy, ServerTracking
from bloodcells.sweep.elsewhere import ANNOUNCED
from bloodcells.tracking.copy_run import RunCopier
from bloodcells.tracking.find import find_run
from bloodcells.tracking.store import LocalStore, ServerStore, Store
from tests.server import DENIED, FAULTS, PASS, PATIENT, at_random, give_up_after

LONGER = ("hang", "error 500", "slow")  # faults that only the slow tests inject one by one


def local(folder: Path) -> LocalStore:
    return LocalStore(LocalTracking("local", str(folder), "cells", tensorboard=False, rank_by=RankBy.composed))


@pytest.fixture
def source(tmp_path) -> LocalStore:
    """A store with a sweep and its job, which has params, curves, files in folders and a model."""
    store = local(tmp_path / "source")
    store.open()
    with store.client() as client:
        experiment = store.existing_experiment()
        parent = client.create_run(experiment, run_name="sweep", tags={Tag.PROGRAM: Program.SWEEP}).info.run_id
        tags = {Tag.PROGRAM: Program.TRAIN, Tag.PARENT: parent, "label": "ü"}
        run_id = client.create_run(experiment, run_name="job", tags=tags).info.run_id
        for key in ("a", "b"):
            client.log_param(run_id, key, f"{key}=1")
        for step in (1, 2, 3):
            client.log_metric(run_id, "curve", step / 7, timestamp=1000 + step, step=step)
        client.log_metric(run_id, "total", 0.5)
        for name in ("a.txt", "folder/a.txt", "folder/deep/b ü.txt"):
            client.log_text(run_id, f"content of {name}", name)
        model = client.create_logged_model(experiment, "net", run_id)
        folder = tmp_path / "model"
        (folder / "data").mkdir(parents=True)
        (folder / "MLmodel").write_text(f"model_id: {model.model_id}\nrun_id: {run_id}\n")
        (folder / "data/model.keras").write_bytes(bytes(range(256)) * 40)
        client.log_model_artifacts(model.model_id, str(folder))
        client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        for each in (run_id, parent):
            client.set_terminated(each, "FINISHED", 2_000_000_000_000)
    return store


def state(store: Store, run: Run, folder: Path) -> dict[str, object]:
    """Everything about a run that a copy must have too; folder: for its files."""
    folder.mkdir(parents=True)
    with store.client() as client:
        mlflow.artifacts.download_artifacts(run_id=run.info.run_id, dst_path=str(folder), tracking_uri=store.uri)
        models = client.search_logged_models([run.info.experiment_id], f"source_run_id = '{run.info.run_id}'")
        for model in models:
            files = mlflow.artifacts.download_artifacts(model.artifact_location, tracking_uri=store.uri)
            described = Path(files, "MLmodel").read_text()
            assert f"model_id: {model.model_id}\n" in described
            assert f"run_id: {run.info.run_id}\n" in described
        of_copies = (Tag.ORIGIN, Tag.PARENT, Tag.SEEN, ANNOUNCED.format(""))
        tags = {key: value for key, value in run.data.tags.items() if not key.startswith(of_copies)}
        return {
            "name": run.info.run_name,
            "status": (run.info.status, run.info.start_time, run.info.end_time),
            "params": run.data.params,
            "tags": tags,
            "metrics": {
                name: [(m.step, m.value, m.timestamp) for m in client.get_metric_history(run.info.run_id, name)]
                for name in run.data.metrics
            },
            "files": {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()},
            "models": [(model.name, str(model.status)) for model in models],
        }


def assert_complete(source: Store, target: Store, tmp_path: Path) -> None:
    """Every run of the source has exactly one copy, which is equal, below the copy of its parent."""
    ours, theirs = RunCopier(source, target).runs(), RunCopier(target, source).runs()
    assert len(ours) == len(theirs)
    copies = {run.data.tags[Tag.ORIGIN]: run for run in theirs}
    for number, run in enumerate(ours):
        copy = copies[run.info.run_id]
        one, other = (
            state(store, each, tmp_path / f"{name}{number}")
            for name, store, each in (("one", source, run), ("other", target, copy))
        )
        assert one == other
        if Tag.PARENT in run.data.tags:
            assert copy.data.tags[Tag.PARENT] == copies[run.data.tags[Tag.PARENT]].info.run_id


def copy_all(source: Store, target: Store) -> int:
    """The number of runs for which there was something to do."""
    copier = RunCopier(source, target)
    return sum(copier.copy(run.info.run_id) is not None for run in copier.runs())


def test_runs_are_copied_once_and_come_back_to_themselves(source, tmp_path) -> None:
    target, third = local(tmp_path / "target"), local(tmp_path / "third")
    assert [copy_all(source, target) for _ in range(2)] == [2, 0]
    assert_complete(source, target, tmp_path)
    assert copy_all(target, third) == 2
    assert copy_all(third, source) == copy_all(target, source) == copy_all(source, third) == 0
    assert len(RunCopier(source, target).runs()) == 2


def test_a_source_that_does_not_exist_is_not_created(source, tmp_path) -> None:
    with pytest.raises(InputError, match="no runs are stored there"):
        RunCopier(local(tmp_path / "gone"), source).runs()
    assert not (tmp_path / "gone").exists()


def test_a_job_brings_its_sweep_along(source, tmp_path) -> None:
    target = local(tmp_path / "target")
    copier = RunCopier(source, target)
    job = next(run for run in copier.runs() if run.info.run_name == "job")
    copier.copy(job.info.run_id)
    assert_complete(source, target, tmp_path)


def test_an_unfinished_run_is_brought_up_to_date(source, tmp_path) -> None:
    target = local(tmp_path / "target")
    job = next(run.info.run_id for run in RunCopier(source, target).runs() if run.info.run_name == "job")
    with source.client() as client:
        client.set_terminated(job, "FAILED")
        client.set_tag(job, Tag.ERROR, "killed")
        copy_all(source, target)
        client.delete_tag(job, Tag.ERROR)
        client.update_run(job, status="RUNNING")  # it is resumed
        client.log_metric(job, "curve", 0.9, step=4)
        client.log_metric(job, "late", 0.1)
        client.log_text(job, "changed to be longer", "a.txt")
        copy_all(source, target)
        (copy,) = [run for run in RunCopier(target, source).runs() if run.info.run_name == "job"]
        assert (copy.info.status, Tag.SEEN in copy.data.tags) == ("RUNNING", True)
        client.set_terminated(job, "FINISHED")
    copy_all(source, target)
    assert_complete(source, target, tmp_path)


def test_a_copy_that_was_deleted_is_not_made_again(source, tmp_path) -> None:
    target = local(tmp_path / "target")
    copy_all(source, target)
    with target.client() as client:
        for run in RunCopier(target, source).runs():
            client.delete_run(run.info.run_id)
    assert copy_all(source, target) == 0
    assert RunCopier(target, source).runs() == []


def test_a_copied_run_is_found_by_the_id_of_its_origin(trained_run, tmp_path) -> None:
    source, target = LocalStore(trained_run.config.tracking), local(tmp_path / "target")
    target = LocalStore(
        LocalTracking("local", str(tmp_path / "target"), "bloodcells", tensorboard=False, rank_by=RankBy.composed)
    )
    RunCopier(source, target).copy(trained_run.run.id)
    for wanted in (trained_run.run.id, trained_run.run.id[:8], trained_run.run.name, "best"):
        copy = find_run(target.settings, wanted)
        assert copy.id != trained_run.run.id == copy.origin
    assert filecmp.cmp(copy.model_file(tmp_path), trained_run.run.model_folder / "data/model.keras", shallow=False)
    assert copy.class_names() == trained_run.run.class_names()
    assert copy.metrics == trained_run.run.metrics
    mlflow.set_tracking_uri(source.uri)


def server(address: str) -> ServerStore:
    return ServerStore(
        ServerTracking("server", "mlruns", "cells", tensorboard=False, uri=address, rank_by=RankBy.composed)
    )


def copy_until_done(source: Store, address: str, most: int) -> int:
    """Calls as a new process does after each error; returns the number of errors."""
    for errors in range(most):
        try:
            target = server(address)
            target.open()
            copy_all(source, target)
            return errors
        except InputError:
            pass
    raise AssertionError(f"{most} errors")


def test_a_server_gets_all_runs_and_gives_them_back(source, proxy, tmp_path, monkeypatch) -> None:
    give_up_after(PATIENT, monkeypatch)
    proxy.fault = lambda number: DENIED if number else PASS  # the first request creates the experiment
    assert copy_until_done(source, proxy.address, 1) == 0
    assert_complete(source, server(proxy.target), tmp_path)
    back = local(tmp_path / "back")
    copy_all(server(proxy.address), back)
    assert_complete(source, back, tmp_path / "returned")
    assert copy_all(back, source) == 0


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=pytest.mark.slow if fault in LONGER else ()) for fault in FAULTS]
)
def test_one_fault_at_any_request_loses_and_doubles_nothing(source, proxy, tmp_path, monkeypatch, fault) -> None:
    """Copies until a request meets the fault, and again, each time one request further than before."""
    next_place, step = 0, 0

    def further(number: int) -> str:
        nonlocal next_place, step
        if number < next_place:
            return PASS
        step += 2
        next_place = number + step
        return fault

    proxy.fault = further
    errors = copy_until_done(source, proxy.address, 200)
    assert proxy.requests[fault] > 2
    assert errors > 0 or fault == "slow"
    proxy.fault = lambda _: PASS
    give_up_after(PATIENT, monkeypatch)
    assert_complete(source, server(proxy.target), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_random_faults_lose_and_double_nothing(source, proxy, tmp_path, monkeypatch, seed) -> None:
    proxy.fault = at_random(seed, 0.12)
    copy_until_done(source, proxy.address, 300)
    proxy.fault = lambda _: PASS
    give_up_after(PATIENT, monkeypatch)
    assert_complete(source, server(proxy.target), tmp_path)
