"""The best weights so far, and when a stage has looked long enough for better ones."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True)
class Best:
    """The best epoch: its number over all stages (from 1), its stage's label and its validation figures."""

    epoch: int
    stage: str
    accuracy: float
    loss: float

    def beats(self, other: "Best | None") -> bool:
        """Higher validation accuracy; where that is equal, as on few images it often is, the lower loss."""
        return other is None or (self.accuracy, -self.loss) > (other.accuracy, -other.loss)


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the best epoch of all stages, and ends a stage that finds nothing better."""

    def __init__(self) -> None:
        super().__init__()
        self._best: Best | None = None
        self._weights: list[np.ndarray] = []

    def begin_stage(self, label: str, patience: int | None, epochs_before: int) -> None:
        """patience: epochs of the stage without a better one before it is stopped; None for never."""
        self._label, self._patience, self._before = label, patience, epochs_before
        self._stage_best: Best | None = None
        self._waited = 0

    @property
    def found(self) -> Best:
        """The best epoch so far. Raises RuntimeError before the first has ended."""
        if self._best is None:
            raise RuntimeError("no epoch has ended yet")
        return self._best

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        figures = logs or {}
        this = Best(self._before + epoch + 1, self._label, float(figures["val_accuracy"]), float(figures["val_loss"]))
        if this.beats(self._best):
            self._best, self._weights = this, self.model.get_weights()
        # Patience counts within the stage: a new one may begin below the best so far and still get beyond it.
        if this.beats(self._stage_best):
            self._stage_best, self._waited = this, 0
        else:
            self._waited += 1
            if self._patience is not None and self._waited >= self._patience:
                self.model.stop_training = True

    def restore(self) -> None:
        """Gives the model the best weights so far."""
        self.model.set_weights(self._weights)
