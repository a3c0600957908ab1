"""The two training phases (conf/training/), and the base classes of optimizers, losses and schedules.

The options themselves are in bloodcells/training/optimizers.py, losses.py and schedules.py.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from bloodcells.config.errors import InputError
from bloodcells.config.schema.ranges import within

if TYPE_CHECKING:  # options are checked before TensorFlow is imported
    import keras
    import numpy as np


@dataclass
class Optimizer:
    """Base class of the options under conf/optimizer/."""

    name: str

    @property
    def label(self) -> str:
        """The optimizer's name in run names and descriptions."""
        return self.name

    @property
    def rate_factor(self) -> float:
        """Factor on each phase's learning rate, for optimizers that need another rate than Adam."""
        return 1.0

    def build(self, learning_rate: Any) -> "keras.optimizers.Optimizer":
        """A new optimizer; `learning_rate`: what `Schedule.learning_rate` returns.

        Imports Keras inside, so that a config can be checked before TensorFlow is imported.
        """
        raise NotImplementedError(f"optimizer={self.name} has no method build(learning_rate)")


@dataclass
class Loss:
    """Base class of the options under conf/loss/."""

    name: str

    @property
    def label(self) -> str:
        """The loss's name in run names and descriptions."""
        return self.name

    def build(self, labels: "np.ndarray", classes: int) -> "keras.losses.Loss":
        """A loss of one-hot labels and predicted probabilities, both float32 (n, classes).

        Its `call` must return one value per image, (n,), which validation averages. Imports Keras inside.
        labels: int (n,), those of the training split, for losses that weight classes
        """
        raise NotImplementedError(f"loss={self.name} has no method build(labels, classes)")


class Monitor(Enum):
    """The validation images that judge an epoch, for early stopping, the plateau schedule and the best weights.

    clean: as they are; composed: each distorted by one chain of operations, see `evaluation.chains`
    """

    clean = "clean"
    composed = "composed"

    @property
    def loss(self) -> str:
        """The key of the loss on these images in the logs of an epoch."""
        return "val_loss" if self is Monitor.clean else "val_composed_loss"

    @property
    def accuracy(self) -> str:
        """The key of the accuracy on these images in the logs of an epoch."""
        return "val_accuracy" if self is Monitor.clean else "val_composed_accuracy"


@dataclass
class Schedule:
    """Base class of the options under conf/schedule/. The rate changes by step, by epoch, or not at all."""

    name: str

    def learning_rate(self, initial: float, steps_per_epoch: int, epochs: int) -> Any:
        """The rate to build the optimizer with: a float, or a schedule of keras.optimizers.schedules.

        epochs: length of the stage
        """
        return initial

    def may_stop_after(self, epoch: int) -> bool:
        """Whether early stopping may end a stage after this epoch of it, from 1.

        A schedule of cycles returns False within a cycle: the rate is lowest at its end, and so are most losses.
        """
        return True

    def callback(self, monitor: Monitor) -> "keras.callbacks.Callback | None":
        """A new callback that changes the rate at the end of an epoch, or None.

        monitor: names the values in the logs that the callback is to judge an epoch by
        The numbers among its attributes are saved in checkpoints and restored on resume; keep no other state in it.
        """
        return None


@dataclass
class Phase:
    """At most `epochs` epochs; stops after `patience_epochs` without improvement, where the schedule lets it.

    patience_epochs: None never stops; see `Schedule.may_stop_after`
    """

    schedule: Schedule
    epochs: int = within("[0, inf)")
    learning_rate: float = within("(0, inf)")
    patience_epochs: int | None = within("[1, inf)")


class BatchNorm(Enum):
    """The backbone's batch normalization in fine-tuning: see bloodcells/model/trainable.py."""

    frozen = "frozen"
    train = "train"


class Precision(Enum):
    """Dtype policies of Keras, see https://keras.io/api/mixed_precision/policy."""

    float32 = "float32"
    mixed_float16 = "mixed_float16"
    mixed_bfloat16 = "mixed_bfloat16"


@dataclass
class Training:
    """The two phases and their common settings.

    resolution: sides in pixels to which training images are resized, one after another, sharing the epochs of a stage
        (progressive resizing: Tan and Le 2021, arXiv:2104.00298, section 4.2); None: the images as they are
    ema_momentum: of the exponential moving average of the weights, which is validated and kept; None: the weights
    """

    monitor: Monitor
    batch_norm: BatchNorm
    precision: Precision
    mirrored: bool
    deterministic: bool
    feature_extraction: Phase
    fine_tuning: Phase
    batch_size: int = within("[1, inf)")
    threads: int | None = within("[1, inf)")
    from_scratch_factor: float = within("(0, inf)")
    resolution: list[int] | None = within("[8, inf)")
    ema_momentum: float | None = within("(0, 1)")

    def check(self) -> None:
        if self.feature_extraction.epochs + self.fine_tuning.epochs == 0:
            raise InputError(
                "training.feature_extraction.epochs and training.fine_tuning.epochs are both 0: "
                "expected at least one epoch of training"
            )
