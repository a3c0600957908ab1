"""The store: made once however many ask at once, and a server that does not answer."""

import socket
import subprocess
import sys

import mlflow
import pytest

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, ServerTracking
from bloodcells.tracking.store import database_uri, local_directory, open_store

WRITER = """
import sys, mlflow
from bloodcells.config.schema import LocalTracking
from bloodcells.tracking.store import open_store
sys.stdin.readline()  # all begin together
open_store(LocalTracking("local", sys.argv[1], "cells"))
with mlflow.start_run(run_name=sys.argv[2]):
    mlflow.log_metrics({"accuracy": float(sys.argv[2])}, step=1)
"""


def test_eight_processes_open_a_store_that_does_not_exist_and_log_to_it(tmp_path) -> None:
    directory = tmp_path / "runs"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(directory), str(number)],
            cwd=CHECKOUT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(8)
    ]  # fmt: skip
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    errors = [writer.communicate(timeout=240)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 8, errors
    mlflow.set_tracking_uri(database_uri(directory))
    runs = mlflow.search_runs(experiment_names=["cells"], output_format="list")
    assert sorted(run.data.metrics["accuracy"] for run in runs) == list(range(8))
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert all(run.info.artifact_uri.startswith((directory / "artifacts").as_uri()) for run in runs)


def test_a_relative_folder_starts_at_the_checkout_and_an_absolute_one_is_itself(tmp_path) -> None:
    assert local_directory(LocalTracking("local", "mlruns", "x")) == CHECKOUT / "mlruns"
    assert local_directory(LocalTracking("local", str(tmp_path), "x")) == tmp_path


def test_a_server_that_does_not_answer_is_one_line(monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{sock.getsockname()[1]}"
    with pytest.raises(InputError, match=f"tracking.uri={uri}: no MLflow server answers there") as error:
        open_store(ServerTracking("server", uri, "x"))
    assert "\n" not in str(error.value)


def test_a_place_that_cannot_be_a_store_is_one_line(tmp_path) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "mlflow.db").write_text("no database" * 100)
    for directory in (tmp_path / "file", tmp_path):
        with pytest.raises(InputError, match=f"tracking.directory={directory}: cannot track experiment") as error:
            open_store(LocalTracking("local", str(directory), "x"))
        assert "\n" not in str(error.value)


def test_an_experiment_that_was_deleted_is_one_line(tmp_path) -> None:
    config = LocalTracking("local", str(tmp_path), "x")
    open_store(config)
    mlflow.delete_experiment(mlflow.get_experiment_by_name("x").experiment_id)
    with pytest.raises(InputError, match=r"experiment “x” .*deleted"):
        open_store(config)
