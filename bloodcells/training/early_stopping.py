"""The best weights so far, and when a stage has looked long enough for better ones."""

from dataclasses import dataclass, field
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


@dataclass
class Search:
    """Where the search for the best weights stands.

    best: of all stages, with its `weights`; stage_best: of the present stage; waited: its epochs without a better one
    """

    best: Best | None = None
    stage_best: Best | None = None
    waited: int = 0
    weights: list[np.ndarray] = field(default_factory=list)

    @classmethod
    def of(cls, rest: dict[str, Any], weights: list[np.ndarray]) -> "Search":
        """The one whose fields, but for its weights, were written as nested dicts."""
        best, stage_best = (Best(**rest[key]) if rest[key] else None for key in ("best", "stage_best"))
        return cls(best, stage_best, rest["waited"], weights)


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the best epoch of all stages, and ends a stage that finds nothing better."""

    def __init__(self, search: Search | None = None) -> None:
        """search: where an interrupted run stood."""
        super().__init__()
        self.search = search or Search()

    def begin_stage(self, label: str, patience: int | None, epochs_before: int, continued: bool = False) -> None:
        """patience: epochs of the stage without a better one before it is stopped; None for never.

        continued: it has begun already, in the run that was interrupted.
        """
        self._label, self._patience, self._before = label, patience, epochs_before
        if not continued:
            self.search.stage_best, self.search.waited = None, 0

    @property
    def found(self) -> Best:
        """The best epoch so far. Raises RuntimeError before the first has ended."""
        if self.search.best is None:
            raise RuntimeError("no epoch has ended yet")
        return self.search.best

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        figures, search = logs or {}, self.search
        this = Best(self._before + epoch + 1, self._label, float(figures["val_accuracy"]), float(figures["val_loss"]))
        if this.beats(search.best):
            search.best, search.weights = this, self.model.get_weights()
        # Patience counts within the stage: a new one may begin below the best so far and still get beyond it.
        if this.beats(search.stage_best):
            search.stage_best, search.waited = this, 0
        else:
            search.waited += 1
            if self._patience is not None and search.waited >= self._patience:
                self.model.stop_training = True

    def restore(self) -> None:
        """Gives the model the best weights so far."""
        self.model.set_weights(self.search.weights)
