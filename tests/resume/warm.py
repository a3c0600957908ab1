"""Done once in the server, when it imports this, instead of in each process forked from it."""

import gc
import os

from matplotlib.figure import Figure
from mlflow.utils import requirements_utils

from bloodcells.config.schema import LocalTracking, RankBy
from bloodcells.provenance import fingerprint
from bloodcells.tracking.store import store_of
from tests.shortcuts import FOLDER, draw

fingerprint.code_hash(), fingerprint._packages_hash(), fingerprint.packages()  # kept by tests/shortcuts.py
requirements_utils._init_packages_to_modules_map()
# Imports what MLflow needs for a store.
store_of(
    LocalTracking("local", os.environ[FOLDER] + "/warm", "warm", tensorboard=False, rank_by=RankBy.composed)
).open()

# Tests of these processes do not look at figures.
Figure.savefig = lambda figure, *arguments, **options: draw(Figure((1, 1)), *arguments, **options)

gc.freeze()
