"""Early stopping within a stage, and the best weights of all stages."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from bloodcells.config.schema import Monitor


@dataclass(frozen=True)
class BestEpoch:
    """The best epoch.

    epoch: its number over all stages, from 1; stage: the label of its stage
    accuracy, loss: on the monitored validation images
    """

    epoch: int
    stage: str
    accuracy: float
    loss: float

    def beats(self, other: "BestEpoch | None") -> bool:
        """Whether the monitored accuracy is higher, or equal (as it often is on few images) with a lower loss."""
        return other is None or (self.accuracy, -self.loss) > (other.accuracy, -other.loss)


@dataclass
class StoppingState:
    """What early stopping remembers from one epoch to the next.

    best: the best epoch of all stages, with its `weights`; stage_best: the best one of the current stage
    waited: number of epochs since `stage_best`
    """

    best: BestEpoch | None = None
    stage_best: BestEpoch | None = None
    waited: int = 0
    weights: list[np.ndarray] = field(default_factory=list)

    @classmethod
    def of(cls, values: dict[str, Any], weights: list[np.ndarray]) -> "StoppingState":
        """The state for its fields as nested dicts, without the weights, and the weights."""
        best, stage_best = (BestEpoch(**values[key]) if values[key] else None for key in ("best", "stage_best"))
        return cls(best, stage_best, values["waited"], weights)


class EarlyStopping(keras.callbacks.Callback):
    """Keeps the weights of the best epoch of all stages, and stops a stage that no longer improves."""

    def __init__(self, kept: keras.Model, monitor: Monitor, state: StoppingState | None = None) -> None:
        """kept: the model whose best weights are kept; in the one that Keras trains, their order depends on the stage.

        monitor: the validation images that judge an epoch; state: that of the interrupted run, on resume
        """
        super().__init__()
        self._kept, self._monitor = kept, monitor
        self.state = state or StoppingState()

    def begin_stage(
        self,
        label: str,
        patience: int | None,
        epochs_before: int,
        *,
        may_stop_after: Callable[[int], bool],
        resumed: bool = False,
    ) -> None:
        """patience: stops after this many epochs of the stage without improvement; None: never.

        epochs_before: of all earlier stages; resumed: whether an interrupted run has trained a part of the stage
        may_stop_after: of the stage's schedule; after patience has run out, training continues to the next epoch after
            which the schedule allows a stop, and stops there if it has still not improved
        """
        self._label, self._patience, self._before = label, patience, epochs_before
        self._may_stop_after = may_stop_after
        if not resumed:
            self.state.stage_best, self.state.waited = None, 0

    @property
    def best(self) -> BestEpoch:
        """The best epoch so far. Raises RuntimeError before the end of the first."""
        if self.state.best is None:
            raise RuntimeError("no epoch has ended yet")
        return self.state.best

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        values, state = logs or {}, self.state
        accuracy, loss = (float(values[key]) for key in (self._monitor.accuracy, self._monitor.loss))
        this = BestEpoch(self._before + epoch + 1, self._label, accuracy, loss)
        if this.beats(state.best):
            state.best, state.weights = this, self._kept.get_weights()
        # Patience counts within a stage: the next one may start below the best so far and still surpass it.
        if this.beats(state.stage_best):
            state.stage_best, state.waited = this, 0
        else:
            state.waited += 1
        if self._patience is not None and state.waited >= self._patience and self._may_stop_after(epoch + 1):
            self.model.stop_training = True

    def restore(self) -> None:
        """Sets the model to the best weights so far."""
        self._kept.set_weights(self.state.weights)
