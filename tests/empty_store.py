"""Copies of one empty store in place of new ones: MLflow takes seconds to create its tables, and tests need many.

Imported by conftest.py and by the server that test processes are forked from, so that all of them share the copy.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from bloodcells.tracking.store import DATABASE, LocalStore

FOLDER = "BLOODCELLS_TESTS_EMPTY_STORE"  # the environment variable that names the folder for all processes of a session
create_database = LocalStore._create_database  # the real one, for tests of creation itself

if FOLDER not in os.environ:
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="bloodcells-tests-")
    atexit.register(shutil.rmtree, os.environ[FOLDER], ignore_errors=True)


def copy_database(store: LocalStore, artifacts: str) -> None:
    """Stands in for `LocalStore._create_database`."""
    folder = Path(os.environ[FOLDER])
    with FileLock(folder / "lock"):
        if not (folder / DATABASE).exists():
            original, store.directory = store.directory, folder
            try:
                create_database(store, artifacts)
            finally:
                store.directory = original
    partial = store.directory / f".{DATABASE}"
    shutil.copy(folder / DATABASE, partial)
    partial.rename(store.directory / DATABASE)


LocalStore._create_database = copy_database
