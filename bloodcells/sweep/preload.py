"""Imported once by the server that jobs' processes are forked from: all that training imports, which takes seconds.

TensorFlow starts no threads by that, which a fork would lose.
"""

from bloodcells.reporting.quiet_tensorflow import import_tensorflow

import_tensorflow()

import joblib  # noqa: E402, F401  # whose workers start processes by a method of its own, to be known here
import mlflow.keras  # noqa: E402, F401

import bloodcells.augmentation.compose  # noqa: E402
import bloodcells.data.pipeline  # noqa: E402
import bloodcells.evaluation.score  # noqa: E402
import bloodcells.runs.contents  # noqa: E402
import bloodcells.runs.lifecycle  # noqa: E402
import bloodcells.training.fit  # noqa: E402, F401
