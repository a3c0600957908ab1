"""A store that was moved or copied works where it is."""

import shutil
import sqlite3
from pathlib import Path

import mlflow
import pytest
from filelock import FileLock

from bloodcells.config.errors import InputError
from bloodcells.config.names import Program, Tag
from bloodcells.config.schema import LocalTracking, RankBy
from bloodcells.tracking.find import search
from bloodcells.tracking.store import store_of


def tracking(directory: Path) -> LocalTracking:
    return LocalTracking("local", str(directory), "cells", tensorboard=False, rank_by=RankBy.composed)


def uris(directory: Path) -> set[str]:
    """Every absolute location in the database."""
    with sqlite3.connect(directory / "mlflow.db") as connection:
        return {
            uri
            for table, column in (
                ("experiments", "artifact_location"), ("runs", "artifact_uri"), ("logged_models", "artifact_location"),
                ("model_versions", "storage_location"),
            )
            for (uri,) in connection.execute(f"SELECT {column} FROM {table}")
        }  # fmt: skip


def files(directory: Path) -> dict[str, bytes]:
    return {str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()}


@pytest.fixture
def stored(tmp_path) -> Path:
    """A store with one run that has a file and a registered model, which need no training."""
    directory = tmp_path / "first ü"
    store_of(tracking(directory)).open()
    with mlflow.start_run(run_name="r", tags={Tag.PROGRAM: Program.TRAIN}):
        mlflow.log_text("kept", "note.txt")
    client = mlflow.MlflowClient()
    client.create_logged_model(client.get_experiment_by_name("cells").experiment_id, "m")
    client.create_registered_model("m")
    client.create_model_version("m", (directory / "artifacts" / "x").as_uri())
    return directory


@pytest.mark.parametrize("operation", ["copy", "move"])
def test_a_moved_or_copied_store_is_read_and_written_where_it_is(stored, tmp_path, operation, caplog) -> None:
    before = uris(stored)
    there = tmp_path / "50% off" / "mlruns"
    there.parent.mkdir()
    (shutil.copytree if operation == "copy" else shutil.move)(str(stored), there)
    original = files(stored) if operation == "copy" else {}
    with caplog.at_level("INFO", "bloodcells"):
        (run,) = search(tracking(there))
        (again,) = search(tracking(there))
    assert run.file("note.txt") == there / "artifacts" / run.id / "artifacts/note.txt" == again.file("note.txt")
    assert caplog.messages == [f"{there} was moved or copied; its runs are now found there"]  # once
    moved = {uri.replace(stored.as_uri(), there.as_uri()) for uri in before}
    assert uris(there) == moved
    assert all(uri.startswith(there.as_uri()) for uri in moved)

    store_of(tracking(there)).open()
    with mlflow.start_run():
        mlflow.log_text("new", "new.txt")
    assert [file.read_text() for file in there.glob("artifacts/*/artifacts/new.txt")] == ["new"]
    if operation == "copy":
        assert files(stored) == original


def test_locations_elsewhere_stay(stored, tmp_path) -> None:
    store_of(tracking(stored)).open()
    mlflow.create_experiment("foreign", artifact_location=f"{stored.as_uri()}-other/artifacts")
    shutil.move(stored, tmp_path / "there")
    search(tracking(tmp_path / "there"))
    assert f"{stored.as_uri()}-other/artifacts" in uris(tmp_path / "there")


def test_a_store_is_not_relocated_while_a_run_is_in_progress(stored, tmp_path) -> None:
    other = tmp_path / "other"
    shutil.copytree(stored, other)
    (other / "checkpoints/a").mkdir(parents=True)
    before = uris(other)
    with FileLock(other / "checkpoints/a/lock"), pytest.raises(InputError, match="a run is in progress there"):
        search(tracking(other))
    assert uris(other) == before
    search(tracking(other))


def test_an_empty_database_is_an_error_and_stays(tmp_path) -> None:
    (tmp_path / "mlflow.db").touch()
    for use in (search, lambda config: store_of(config).open()):
        with pytest.raises(InputError, match="empty or not MLflow's: restore it, or delete it"):
            use(tracking(tmp_path))
    assert (tmp_path / "mlflow.db").read_bytes() == b""
