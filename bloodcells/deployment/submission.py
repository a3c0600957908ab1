"""The `model.py` of a Codabench submission: it needs TensorFlow, NumPy and the folder `weights` beside it.

`python -m bloodcells.export format=codabench` wrote it, and ran it before it was handed over.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf

WEIGHTS = Path(__file__).resolve().parent / "weights"  # wherever it is run from
BATCH_SIZE = 64  # images


class Model:
    """A classifier of blood cells."""

    def __init__(self) -> None:
        self._network = tf.saved_model.load(str(WEIGHTS))

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803 - as Codabench calls it
        """RGB images (n, height, width, 3), of any number type in 0..255, to their classes, int64 (n,)."""
        labels = [np.zeros(0, np.int64)]
        for start in range(0, len(X), BATCH_SIZE):
            batch = np.asarray(X[start : start + BATCH_SIZE], np.float32)
            labels.append(self._network.serve(batch).numpy().argmax(axis=1))
        return np.concatenate(labels)
