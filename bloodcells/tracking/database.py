"""The sqlite database of a local store: its address for MLflow, its creation, and its correction after a move."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from bloodcells.config.checkout import CHECKOUT

FOLDER = "mlruns"  # the default store, shown by `make ui`
DATABASE = "mlflow.db"
# Where MLflow keeps locations of artifacts, as absolute URIs.
LOCATIONS = {
    "experiments": "artifact_location",
    "runs": "artifact_uri",
    "logged_models": "artifact_location",
    "model_versions": "storage_location",
}


def database_uri(directory: Path, name: str = DATABASE) -> str:
    """MLflow's URI for the store in a folder; name: of the database's file."""
    # Characters with a meaning in a URI. Others stay, since MLflow also reads the path without decoding it.
    return "sqlite:///" + str(directory / name).replace("%", "%25").replace("?", "%3F")


def create_database(directory: Path, artifacts: str) -> None:
    """Creates the database in an existing folder; artifacts: the URI of the folder for artifacts."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # takes a second, too long for --help

    # MLflow creates its tables in many steps, and cannot complete a database after a kill between two of them.
    partial = directory / f".{DATABASE}"
    partial.unlink(missing_ok=True)
    SqlAlchemyStore(database_uri(directory, partial.name), artifacts).engine.dispose()  # type: ignore[no-untyped-call]
    partial.rename(directory / DATABASE)


def artifacts_of(directory: Path) -> str:
    """The URI of the folder for the artifacts of a store."""
    return (directory / "artifacts").as_uri()


def relocate(directory: Path) -> bool:
    """Corrects the locations of all artifacts if the store's folder was moved or copied; returns whether it was.

    Otherwise MLflow would look for files, and write new ones, where the folder was before. The location of experiment
    0, which `create_database` sets, tells where that is.
    Raises OSError if the database cannot be read or written, or if a run in it is in progress, as is possible if the
    folder has several paths.
    """
    here = artifacts_of(directory)
    try:
        with closing(sqlite3.connect(directory / DATABASE, timeout=60)) as connection:
            (recorded,) = connection.execute(
                "SELECT artifact_location FROM experiments WHERE experiment_id = 0"
            ).fetchone()
            before = str(recorded).removesuffix("/0")
            if before == here:
                return False
            _check_idle(directory / "checkpoints", before)
            with connection:  # one transaction
                for table, column in LOCATIONS.items():
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                        f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                        (here, len(before) + 1, before, len(before) + 1, f"{before}/"),
                    )
            return True
    except sqlite3.Error as error:
        problem = (
            "empty or not MLflow's: restore it, or delete it to start anew" if "no such table" in str(error) else error
        )
        raise OSError(f"{DATABASE}: {problem}") from error


def _check_idle(checkpoints: Path, before: str) -> None:
    for lock in checkpoints.glob("*/lock"):
        try:
            FileLock(lock).acquire(timeout=0).lock.release()
        except Timeout:
            raise OSError(f"a run is in progress there under another path of the folder, {before}") from None


def remove_undecoded(directory: Path) -> None:
    """Removes the empty folder that MLflow creates if the URI of a store's folder differs from its path."""
    named = Path(database_uri(directory).removeprefix("sqlite:///")).parent
    if named != directory:
        with suppress(OSError):
            os.removedirs(named)


if __name__ == "__main__":  # for `make ui`
    if (CHECKOUT / FOLDER / DATABASE).is_file():
        relocate(CHECKOUT / FOLDER)
