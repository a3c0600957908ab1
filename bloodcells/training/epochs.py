"""Callbacks for each epoch: validation, the history, and an error if the loss is not finite."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Monitor
from bloodcells.model.inference import Inference
from bloodcells.model.trainable import Trainable
from bloodcells.training.plan import Stage


class DivergedError(InputError):
    """The loss is NaN or infinite."""


@dataclass(frozen=True)
class Epoch:
    """One row of the history.

    epoch: counts from 1 over all stages
    val_loss, val_accuracy: on the clean validation images; val_composed_loss, val_composed_accuracy: on the distorted
    learning_rate: of the last step
    """

    epoch: int
    phase: str
    stage: str
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    val_composed_loss: float
    val_composed_accuracy: float
    learning_rate: float
    seconds: float
    trainable_parameters: int


class Validate(keras.callbacks.Callback):
    """Adds the loss and accuracy on all validation images to the logs of an epoch, for the callbacks after it."""

    def __init__(
        self, infer: Inference, pixels: Mapping[Monitor, np.ndarray], labels: np.ndarray, *, loss: keras.losses.Loss
    ) -> None:
        """pixels: the clean and the composed images, each uint8 (n, h, w, 3); labels: float32 (n, classes), one-hot."""
        super().__init__()
        self._infer, self._pixels, self._labels, self._loss = infer, pixels, labels, loss

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is None:
            raise TypeError("Keras passed no logs at the end of an epoch")
        for monitor, pixels in self._pixels.items():
            probabilities = self._infer(pixels)
            # Called directly, the loss would divide its mean by the number of devices under a MirroredStrategy.
            logs[monitor.loss] = float(np.mean(self._loss.call(self._labels, probabilities)))
            logs[monitor.accuracy] = float(np.mean(probabilities.argmax(axis=1) == self._labels.argmax(axis=1)))


class RecordEpochs(keras.callbacks.Callback):
    """Appends each epoch to `history`."""

    def __init__(self, stage: Stage, trainable: Trainable, history: list[Epoch]) -> None:
        super().__init__()
        self._stage, self._trainable, self._history = stage, trainable, history

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        values = {key: float(value) for key, value in (logs or {}).items()}
        row = Epoch(
            epoch=len(self._history) + 1,
            phase=self._stage.phase,
            stage=self._stage.label,
            train_loss=values["loss"],
            train_accuracy=values["accuracy"],
            val_loss=values["val_loss"],
            val_accuracy=values["val_accuracy"],
            val_composed_loss=values["val_composed_loss"],
            val_composed_accuracy=values["val_composed_accuracy"],
            learning_rate=float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
            seconds=time.perf_counter() - self._start,
            trainable_parameters=self._trainable.parameters,
        )
        self._history.append(row)


class StopOnDivergence(keras.callbacks.Callback):
    """Raises DivergedError, with the epoch and the step, if the loss is not finite.

    The training loss of a step is computed before its update, so only validation shows the effect of an epoch's last
    step.
    """

    def __init__(self, stage: Stage, epochs_before: int) -> None:
        super().__init__()
        self._stage, self._epoch = stage, epochs_before

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch += 1

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._check("the loss", (logs or {})["loss"], f"step {batch + 1}")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._check("the validation loss", (logs or {})["val_loss"], "the last step")

    def _check(self, what: str, loss: float, step: str) -> None:
        if not math.isfinite(loss):
            key = f"training.{self._stage.phase}.learning_rate"
            raise DivergedError(
                f"{what} is {float(loss)} at {step} of epoch {self._epoch} ({self._stage.label}); "
                f"expected a finite number: lower {key} (now {self._stage.learning_rate:g}) or change the optimizer"
            )
