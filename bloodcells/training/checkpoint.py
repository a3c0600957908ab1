"""The state of training kept at each epoch's end, and taken up again."""

import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from bloodcells.training.early_stopping import BestWeights
from bloodcells.training.epochs import Epoch
from bloodcells.training.plan import Stage
from bloodcells.training.state import State, StateFile

# What Keras's schedules by epochs remember from one to the next.
REMEMBERED = {keras.callbacks.ReduceLROnPlateau: ("best", "wait", "cooldown_counter")}


def set_back(variables: Sequence[keras.Variable], values: Sequence[np.ndarray]) -> None:
    """Gives variables, a model's or an optimizer's, the values that a state has."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class Checkpoint(keras.callbacks.Callback):
    """Writes the state once everything else has been done with an epoch: only what tells of it comes after.

    Keras's own BackupAndRestore leaves out what dropout's generators, early stopping and schedules remember.
    """

    def __init__(
        self,
        file: StateFile,
        number: int,
        stage: Stage,
        best: BestWeights,
        schedules: Sequence[keras.callbacks.Callback],
        history: list[Epoch],
        began: float,
        continued: State | None,
    ) -> None:
        """number: the stage's in the plan; began: when training did, by the clock that counts seconds up.

        continued: what the model was set back to, or None.
        """
        super().__init__()
        self._file, self._number, self._stage = file, number, stage
        self._best, self._schedules, self._history, self._began = best, schedules, history, began
        self._continued = continued

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        if self._continued:  # only now: Keras's schedules forget everything as training begins
            for schedule, remembered in zip(self._schedules, self._continued.schedules, strict=True):
                vars(schedule).update(remembered)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        state = State(
            stage=self._number,
            ended=self.model.stop_training or epoch + 1 == self._stage.epochs,
            seconds=time.perf_counter() - self._began,
            history=tuple(self._history),
            search=self._best.search,
            schedules=[_remembered(schedule) for schedule in self._schedules],
            variables=[np.array(variable) for variable in self.model.variables],
            optimizer=[np.array(variable) for variable in self.model.optimizer.variables],
        )
        self._file.write(state)


def _remembered(schedule: keras.callbacks.Callback) -> dict[str, float]:
    return {name: float(getattr(schedule, name)) for name in REMEMBERED[type(schedule)]}
