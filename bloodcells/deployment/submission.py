"""The `model.py` of a Codabench submission. Needs TensorFlow, NumPy and the folder `weights` next to this file.

Exported and tested by `python -m bloodcells.export format=codabench`.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf

WEIGHTS = Path(__file__).resolve().parent / "weights"  # independent of the current folder
BATCH_SIZE = 64  # images


class Model:
    """A classifier of blood-cell images."""

    def __init__(self) -> None:
        self._network = tf.saved_model.load(str(WEIGHTS))

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803 - the name that Codabench uses
        """Predicts the classes, int64 (n,), of RGB images (n, height, width, 3), any numeric type, 0..255."""
        labels = [np.zeros(0, np.int64)]
        for start in range(0, len(X), BATCH_SIZE):
            batch = np.asarray(X[start : start + BATCH_SIZE], np.float32)
            labels.append(self._network.serve(batch).numpy().argmax(axis=1))
        return np.concatenate(labels)
