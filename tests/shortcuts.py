"""Replaces slow steps that tests repeat but seldom look at, in the test process and in the processes it starts.

- MLflow creates the tables of a store in seconds: stores are copies of one that is empty.
- Figures are drawn at a low resolution.
- The hashes of the code and the packages, the same in every run, are computed once per process.
- Images are cached in a folder of the session.

Import this before the modules that use what it replaces.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from filelock import FileLock
from matplotlib.figure import Figure

from bloodcells.config.checkout import CHECKOUT
from bloodcells.data import cache as data_cache
from bloodcells.provenance import fingerprint
from bloodcells.tracking import database
from bloodcells.tracking.database import DATABASE, create_database, relocate

FOLDER = "BLOODCELLS_TESTS_EMPTY_STORE"  # the environment variable that names the folder for all processes of a session
draw = Figure.savefig  # tests of resolution put it back

if FOLDER not in os.environ:
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="bloodcells-tests-")
    atexit.register(shutil.rmtree, os.environ[FOLDER], ignore_errors=True)


def copy_database(directory: Path, artifacts: str) -> None:
    """Stands in for `create_database`."""
    folder = Path(os.environ[FOLDER])
    with FileLock(folder / "lock"):
        if not (folder / DATABASE).exists():
            create_database(folder, artifacts)
    partial = directory / f".{DATABASE}"
    shutil.copy(folder / DATABASE, partial)
    partial.rename(directory / DATABASE)
    relocate(directory)


def draw_coarsely(figure: Figure, *arguments, **options) -> None:
    """Stands in for `Figure.savefig`."""
    draw(figure, *arguments, **options | {"dpi": 30})


def computed_once(compute: Callable) -> Callable:
    """Stands in for a function of the checkout; a test that exchanges the checkout gets the function itself."""
    remembered = cache(compute)
    return lambda: remembered() if fingerprint.CHECKOUT == CHECKOUT else compute()


database.create_database = copy_database
data_cache.CACHE = Path(os.environ[FOLDER], "cache")
Figure.savefig = draw_coarsely
for name in ("code_hash", "_packages_hash", "packages"):
    setattr(fingerprint, name, computed_once(getattr(fingerprint, name)))
