"""The three kinds of store: creation by many processes at once, errors of one line, and what a null store refuses."""

import socket
import subprocess
import sys

import mlflow
import pytest

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, RankBy, ServerTracking, Tracking
from bloodcells.tracking.store import source_of, store_of
from bloodcells.tracking.stored_run import StoredRun

WRITER = """
import sys, mlflow
from bloodcells.config.schema import LocalTracking, RankBy
from bloodcells.tracking.store import source_of, store_of
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
        source_of(ServerTracking("server", "mlruns", "x", tensorboard=False, uri=uri, rank_by=RankBy.composed)).open()
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


def test_runs_for_a_server_are_written_to_the_local_store_and_read_from_the_server() -> None:
    tracking = ServerTracking("server", "mlruns", "x", tensorboard=False, uri="http://a", rank_by=RankBy.composed)
    local = LocalTracking("local", "mlruns", "x", tensorboard=False, rank_by=RankBy.composed)
    assert store_of(tracking).uri == store_of(local).uri == source_of(local).uri
    assert store_of(tracking).checkpoints == CHECKOUT / "mlruns" / "checkpoints"
    assert source_of(tracking).uri == store_of(tracking).mirror.uri == "http://a"
    assert store_of(local).mirror is None


def test_command_that_shows_the_table_of_runs(tmp_path) -> None:
    page = "/#/experiments/7/runs?"
    default = store_of(LocalTracking("local", "mlruns", "x", tensorboard=False, rank_by=RankBy.composed)).ui("7")
    assert default.startswith(f"make ui, then http://127.0.0.1:5000{page}")
    other = store_of(LocalTracking("local", f"{tmp_path}/a b", "x", tensorboard=False, rank_by=RankBy.composed)).ui("7")
    assert f"mlflow ui --host 127.0.0.1 --backend-store-uri 'sqlite:///{tmp_path}/a b/mlflow.db', then" in other
    server = ServerTracking("server", "mlruns", "x", tensorboard=False, uri="http://a:5000", rank_by=RankBy.composed)
    assert source_of(server).ui("7").startswith(f"http://a:5000{page}")
    assert store_of(server).ui("7") == default  # until the run's copy has an address


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
    uri = "https://me:secret@example.org/mlflow"
    tracking = ServerTracking("server", "mlruns", "x", tensorboard=False, uri=uri, rank_by=RankBy.composed)
    with pytest.raises(InputError, match=r"^tracking\.uri: contains a name or a password, .*MLFLOW_TRACKING_PASSWORD$"):
        tracking.check()
