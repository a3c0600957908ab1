"""Losses: the options under conf/loss/. Keras is imported only when one is built or checked."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.config.options import option
from bloodcells.config.schema.ranges import within
from bloodcells.config.schema.training import Loss
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from bloodcells.training.keras_class import KerasClass, exported

if TYPE_CHECKING:
    import keras


@option("loss", "crossentropy")
@dataclass
class CrossEntropy(Loss):
    """Categorical cross-entropy."""

    label_smoothing: float = within("[0, 1)")

    def build(self, labels: np.ndarray, classes: int) -> "keras.losses.Loss":
        import keras

        return keras.losses.CategoricalCrossentropy(label_smoothing=self.label_smoothing)


@option("loss", "focal")
@option("loss", "weighted_crossentropy")
@dataclass
class FocalLoss(Loss):
    """Focal loss, -alpha (1 - p)^gamma log(p) for the probability p of the true class.

    `alpha`: one factor for all classes, or "balanced" for one per class from the training split
    """

    alpha: float | str = within("(0, inf)")
    gamma: float = within("[0, inf)")
    label_smoothing: float = within("[0, 1)")

    def check(self) -> None:
        if isinstance(self.alpha, str) and self.alpha != "balanced":
            raise InputError(
                f"loss.alpha={self.alpha}: expected a number, or balanced for class weights from the training split"
            )

    def build(self, labels: np.ndarray, classes: int) -> "keras.losses.Loss":
        import keras

        alpha = balanced_weights(labels, classes).tolist() if self.alpha == "balanced" else self.alpha
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=alpha, gamma=self.gamma, label_smoothing=self.label_smoothing
        )


@option("loss", "keras")
@dataclass
class KerasLoss(KerasClass, Loss):
    """Any loss of Keras for one-hot labels and probabilities: its class name and constructor arguments."""

    group = "loss"
    fixed: ClassVar[dict[str, str]] = {
        "from_logits": "the model outputs probabilities",
        "reduction": "the loss of a batch is the mean over its images",
        "dtype": "training.precision sets it",
        "name": "a loss needs none",
    }

    def classes(self) -> dict[str, type]:
        import_tensorflow()
        import keras

        losses = exported(keras.losses, keras.losses.Loss)
        return {name: kind for name, kind in losses.items() if name != "Loss"}

    def build(self, labels: np.ndarray, classes: int) -> "keras.losses.Loss":
        loss = self.instance()
        self._try(loss, classes)
        return loss

    def _try(self, loss: Any, classes: int) -> None:
        """Raises InputError unless the loss returns one value per image, lower for a better prediction."""
        import tensorflow as tf

        images = np.arange(classes + 1) % classes  # more images than classes, so that swapped axes show
        labels = np.eye(classes, dtype=np.float32)[images]
        good = np.where(labels, 0.9, 0.1 / (classes - 1)).astype(np.float32)
        bad = np.roll(good, 1, axis=1)
        expected = "expected a loss of one-hot labels and probabilities, such as CategoricalCrossentropy"
        settings = f"loss.class_name={self.class_name}" + (f" with {self.arguments}" if self.arguments else "")
        try:
            values, worse = (np.array(loss.call(labels, predictions)) for predictions in (good, bad))
        except (TypeError, ValueError, tf.errors.OpError) as error:
            reason = re.sub(r"{{.*?}} | \[Op:.*", "", str(error).splitlines()[0])
            raise InputError(f"{settings}: fails on one-hot labels ({reason}); {expected}") from error
        if values.shape != images.shape:
            raise InputError(
                f"{settings}: returns shape {values.shape} for {len(images)} images; {expected}, which returns one "
                f"value per image, {images.shape}"
            )
        if not (values < worse).all():
            raise InputError(f"{settings}: not lower for better predictions; {expected}")


def balanced_weights(labels: np.ndarray, classes: int) -> np.ndarray:
    """float64 (classes,): n / (classes * n_class), so that all classes weigh the same and the mean weight is 1.

    King and Zeng 2001; the formula of https://scikit-learn.org/stable/modules/generated/sklearn.utils.class_weight.html
    """
    return len(labels) / (classes * np.bincount(labels, minlength=classes))
