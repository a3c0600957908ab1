"""Everything that training imports, loaded once by the server that job processes are forked from.

The imports take seconds. They start no TensorFlow threads, which would not survive a fork.
"""

from bloodcells.reporting.quiet_tensorflow import import_tensorflow

import_tensorflow()

import joblib  # noqa: E402, F401  # registers the start method of its worker processes
import mlflow.keras  # noqa: E402, F401

import bloodcells.augmentation.mixing  # noqa: E402
import bloodcells.data.pipeline  # noqa: E402
import bloodcells.evaluation.figures.draw  # noqa: E402
import bloodcells.runs.contents  # noqa: E402
import bloodcells.runs.lifecycle  # noqa: E402
import bloodcells.training.fit  # noqa: E402, F401
