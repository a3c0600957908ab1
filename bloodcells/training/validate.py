"""Validation at the end of each epoch."""

from typing import Any

import keras
import numpy as np

from bloodcells.model.inference import Inference


class Validate(keras.callbacks.Callback):
    """Adds val_loss and val_accuracy to an epoch's figures, for the callbacks after it."""

    def __init__(self, infer: Inference, pixels: np.ndarray, labels: np.ndarray, loss: keras.losses.Loss) -> None:
        """pixels: uint8 (n, h, w, 3); labels: float32 (n, classes), one-hot."""
        super().__init__()
        self._infer, self._pixels, self._labels, self._loss = infer, pixels, labels, loss

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is None:
            raise TypeError("an epoch without figures")
        probabilities = self._infer(self._pixels)
        # Not the loss object's own mean, which under a MirroredStrategy it divides by the number of devices.
        logs["val_loss"] = float(np.mean(self._loss.call(self._labels, probabilities)))
        logs["val_accuracy"] = float(np.mean(probabilities.argmax(axis=1) == self._labels.argmax(axis=1)))
