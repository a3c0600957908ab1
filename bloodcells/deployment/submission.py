"""The `model.py` of a Codabench submission.

Needs TensorFlow, NumPy, and next to this file class_names.json and the folder `weights`.
Exported and tested by `python -m bloodcells.export format=codabench`.
"""

import json
from pathlib import Path

import numpy as np
import tensorflow as tf

FOLDER = Path(__file__).resolve().parent  # independent of the current folder
BATCH_SIZE = 64  # images


class Model:
    """A classifier of blood-cell images. class_names: the name of each class, in the order of the labels."""

    def __init__(self) -> None:
        self._network = tf.saved_model.load(str(FOLDER / "weights"))
        images = self._network.signatures["serving_default"].structured_input_signature[1]["images"]
        self._shape = tuple(images.shape[1:])  # height, width, 3
        self.class_names: list[str] = json.loads((FOLDER / "class_names.json").read_text(encoding="utf-8"))

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803 - the name that Codabench uses
        """Predicts the classes, int64 (n,), of RGB images (n, height, width, 3), any numeric type, 0..255.

        Raises ValueError for images of another size than the training images, and for values out of range.
        """
        X = np.asarray(X)  # noqa: N806
        if len(X) and np.shape(X)[1:] != self._shape:
            expected = ", ".join(map(str, self._shape))
            raise ValueError(f"received images of shape {np.shape(X)}; expected (n, {expected}): resize them first")
        low, high = (float(X.min()), float(X.max())) if X.size else (0.0, 0.0)
        if not 0 <= low <= high <= 255:  # also for NaN
            raise ValueError(f"received values from {low:g} to {high:g}; expected 0 to 255")
        if X.dtype.kind == "f" and 0 < high <= 1:
            raise ValueError("received values from 0 to 1; expected 0 to 255: multiply them by 255")
        labels = [np.zeros(0, np.int64)]
        for start in range(0, len(X), BATCH_SIZE):
            batch = np.asarray(X[start : start + BATCH_SIZE], np.float32)
            labels.append(self._network.serve(batch).numpy().argmax(axis=1))
        return np.concatenate(labels)

    def predict_names(self, X: np.ndarray) -> list[str]:  # noqa: N803
        """Predicts the names of the classes of images, see `predict`."""
        return [self.class_names[label] for label in self.predict(X)]
