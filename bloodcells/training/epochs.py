"""Epochs as they pass: their figures on record, and an end to them where the loss is no number."""

import math
import time
from dataclasses import dataclass
from typing import Any

import keras

from bloodcells.config.errors import InputError
from bloodcells.model.trainable import Trainable
from bloodcells.training.plan import Stage


class DivergedError(InputError):
    """The loss is no longer a number."""


@dataclass(frozen=True)
class Epoch:
    """One row of the history; `epoch` counts from 1 over all stages, `learning_rate` is the rate at its end."""

    epoch: int
    phase: str
    stage: str
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float
    trainable_parameters: int


class Record(keras.callbacks.Callback):
    """Appends each epoch to `history`."""

    def __init__(self, stage: Stage, trainable: Trainable, history: list[Epoch]) -> None:
        super().__init__()
        self._stage, self._trainable, self._history = stage, trainable, history

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        figures = {key: float(value) for key, value in (logs or {}).items()}
        row = Epoch(
            epoch=len(self._history) + 1,
            phase=self._stage.phase,
            stage=self._stage.label,
            train_loss=figures["loss"],
            train_accuracy=figures["accuracy"],
            val_loss=figures["val_loss"],
            val_accuracy=figures["val_accuracy"],
            learning_rate=float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
            seconds=time.perf_counter() - self._began,
            trainable_parameters=self._trainable.parameters,
        )
        self._history.append(row)


class StopWhereNoNumber(keras.callbacks.Callback):
    """Raises DivergedError, with the epoch and the step, once the loss is NaN or infinite.

    The training loss of a step is that before its update: what the last one of an epoch broke, validation shows.
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
                f"expected a number: lower {key}, {self._stage.learning_rate:g} here, or change the optimizer"
            )
