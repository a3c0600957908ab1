"""The sqlite database of a local store: its address for MLflow, and its creation."""

import os
from contextlib import suppress
from pathlib import Path

DATABASE = "mlflow.db"


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


def remove_undecoded(directory: Path) -> None:
    """Removes the empty folder that MLflow creates if the URI of a store's folder differs from its path."""
    named = Path(database_uri(directory).removeprefix("sqlite:///")).parent
    if named != directory:
        with suppress(OSError):
            os.removedirs(named)
