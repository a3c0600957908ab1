"""Everything that training imports, loaded once by the server that job processes are forked from.

Importing takes seconds. It starts no TensorFlow threads, which a fork would lose.
"""

from bloodcells.reporting.quiet_tensorflow import import_tensorflow

import_tensorflow()

import joblib  # noqa: E402, F401  # its workers start processes with a method of their own, which must be registered here
import mlflow.keras  # noqa: E402, F401

import bloodcells.augmentation.mixing  # noqa: E402
import bloodcells.data.pipeline  # noqa: E402
import bloodcells.evaluation.figures.draw  # noqa: E402
import bloodcells.runs.contents  # noqa: E402
import bloodcells.runs.lifecycle  # noqa: E402
import bloodcells.training.fit  # noqa: E402, F401
