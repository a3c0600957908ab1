"""The three kinds of store: creation by many processes at once, errors of one line, and what a null store refuses."""

import socket
import subprocess
import sys

import mlflow
import pytest

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, RankBy, ServerTracking, Tracking
from bloodcells.tracking.store import store_of
from bloodcells.tracking.stored_run import StoredRun

WRITER = """
import sys, mlflow
from bloodcells.config.schema import LocalTracking, RankBy
from bloodcells.tracking.store import store_of
sys.stdin.readline()  # all start together
store_of(LocalTracking("local", sys.argv[1], "cells", tensorboard=False, rank_by=RankBy.composed)).open()
with mlflow.start_run(run_name=sys.argv[2]):
    mlflow.log_metrics({"accuracy": float(sys.argv[2])}, step=1)
"""


COUNT = 2  # processes


def test_several_processes_create_the_same_store_at_once_and_log_to_it(tmp_path) -> None:
    directory = tmp_path / "runs"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(directory), str(number)],
            cwd=CHECKOUT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(COUNT)
    ]  # fmt: skip
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    errors = [writer.communicate()[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * COUNT, errors
    mlflow.set_tracking_uri(
        store_of(LocalTracking("local", str(directory), "cells", tensorboard=False, rank_by=RankBy.composed)).uri
    )
    runs = mlflow.search_runs(experiment_names=["cells"], output_format="list")
    assert sorted(run.data.metrics["accuracy"] for run in runs) == list(range(COUNT))
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert all(run.info.artifact_uri.startswith((directory / "artifacts").as_uri()) for run in runs)


def test_relative_folder_starts_at_the_checkout(tmp_path) -> None:
    assert (
        store_of(LocalTracking("local", "mlruns", "x", tensorboard=False, rank_by=RankBy.composed)).directory
        == CHECKOUT / "mlruns"
    )
    assert (
        store_of(LocalTracking("local", str(tmp_path), "x", tensorboard=False, rank_by=RankBy.composed)).directory
        == tmp_path
    )


def test_server_that_does_not_respond_is_one_line(monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{sock.getsockname()[1]}"
    with pytest.raises(InputError, match=f"tracking.uri={uri}: no MLflow server responds there") as error:
        store_of(ServerTracking("server", uri, "x", tensorboard=False, rank_by=RankBy.composed)).open()
    assert "\n" not in str(error.value)


def test_folder_that_cannot_hold_a_store_is_one_line(tmp_path) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "mlflow.db").write_text("not a database" * 100)
    for directory in (tmp_path / "file", tmp_path):
        with pytest.raises(InputError, match=f"tracking.directory={directory}: cannot access experiment") as error:
            store_of(LocalTracking("local", str(directory), "x", tensorboard=False, rank_by=RankBy.composed)).open()
        assert "\n" not in str(error.value)


def test_deleted_experiment_is_one_line(tmp_path) -> None:
    store = store_of(LocalTracking("local", str(tmp_path), "x", tensorboard=False, rank_by=RankBy.composed))
    store.open()
    mlflow.delete_experiment(mlflow.get_experiment_by_name("x").experiment_id)
    with pytest.raises(InputError, match=r"experiment “x” .*deleted"):
        store.open()


def test_null_store_opens_without_touching_anything_and_has_no_runs(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bloodcells.tracking.store.CHECKOUT", tmp_path)
    before = mlflow.get_tracking_uri()
    store = store_of(Tracking("off", rank_by=RankBy.composed))
    store.open()
    assert not store.keeps_runs
    with pytest.raises(InputError, match="tracking=off: stores no runs; expected local or server"):
        store.existing_experiment()
    assert (mlflow.get_tracking_uri(), list(tmp_path.iterdir())) == (before, [])


def test_stores_with_the_same_checkpoints_have_different_identities() -> None:
    local = [
        store_of(LocalTracking("local", folder, "x", tensorboard=False, rank_by=RankBy.composed))
        for folder in ("mlruns", "other")
    ]
    servers = [
        store_of(ServerTracking("server", uri, "x", tensorboard=False, rank_by=RankBy.composed))
        for uri in ("http://a:5000", "http://b:5000")
    ]
    assert local[0].identity == local[1].identity  # their folders of checkpoints differ
    assert local[0].checkpoints != local[1].checkpoints
    assert servers[0].checkpoints == servers[1].checkpoints == CHECKOUT / "mlruns" / "checkpoints"
    assert servers[0].identity == {"server": "http://a:5000", "experiment": "x"}
    assert servers[0].identity != servers[1].identity


def test_command_that_shows_the_table_of_runs(tmp_path) -> None:
    page = "/#/experiments/7/runs?"
    default = store_of(LocalTracking("local", "mlruns", "x", tensorboard=False, rank_by=RankBy.composed)).ui("7")
    assert default.startswith(f"make ui, then http://127.0.0.1:5000{page}")
    other = store_of(LocalTracking("local", f"{tmp_path}/a b", "x", tensorboard=False, rank_by=RankBy.composed)).ui("7")
    assert f"mlflow ui --host 127.0.0.1 --backend-store-uri 'sqlite:///{tmp_path}/a b/mlflow.db', then" in other
    assert (
        store_of(ServerTracking("server", "http://a:5000", "x", tensorboard=False, rank_by=RankBy.composed))
        .ui("7")
        .startswith(f"http://a:5000{page}")
    )


@pytest.mark.parametrize("name", ["a%20b", "50%", "q?r", "x#y", "ü=1 [z]", "p&q;s+t"])
def test_a_folder_of_any_name_holds_its_database_and_its_artifacts(tmp_path, name) -> None:
    folder = tmp_path / name / "mlruns"
    store = store_of(LocalTracking("local", str(folder), "x", tensorboard=False, rank_by=RankBy.composed))
    store.open()
    with mlflow.start_run() as run:
        mlflow.log_text("content", "file.txt")
    assert {path.name for path in tmp_path.iterdir()} == {name}
    assert (folder / "mlflow.db").is_file()
    file = StoredRun(mlflow.get_run(run.info.run_id)).file("file.txt")
    assert file.is_relative_to(folder)
    assert file.read_text() == "content"


def test_a_password_in_the_address_of_a_server_is_refused_and_not_printed() -> None:
    with pytest.raises(InputError, match=r"^tracking\.uri: contains a name or a password, .*MLFLOW_TRACKING_PASSWORD$"):
        ServerTracking(
            "server", "https://me:secret@example.org/mlflow", "x", tensorboard=False, rank_by=RankBy.composed
        ).check()
