"""What a stage trains with, from the config: optimizer, learning-rate schedule, loss."""

from dataclasses import fields
from typing import Any

import keras
import numpy as np

from bloodcells.config.schema import SGD, Adam, AdamW, CosineRestarts, FocalLoss, Lion, Loss, Optimizer, Plateau
from bloodcells.training.plan import Stage

# Their arguments have the names of the config's keys, but for an option's name and what is in a stage's rate already.
NO_ARGUMENTS = ("name", "learning_rate_factor")
OPTIMIZERS: dict[type[Optimizer], type[keras.optimizers.Optimizer]] = {
    Adam: keras.optimizers.Adam,
    AdamW: keras.optimizers.AdamW,
    Lion: keras.optimizers.Lion,
    SGD: keras.optimizers.SGD,
}
LOSSES: dict[type[Loss], type[keras.losses.Loss]] = {
    Loss: keras.losses.CategoricalCrossentropy,
    FocalLoss: keras.losses.CategoricalFocalCrossentropy,
}


def optimizer(config: Optimizer, stage: Stage, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """A new optimizer at the stage's learning rate, under its schedule if that works by steps."""
    rate: float | keras.optimizers.schedules.LearningRateSchedule = stage.learning_rate
    schedule = stage.settings.schedule
    if isinstance(schedule, CosineRestarts):
        rate = keras.optimizers.schedules.CosineDecayRestarts(
            stage.learning_rate,
            first_decay_steps=round(schedule.first_cycle_epochs * steps_per_epoch),
            t_mul=schedule.cycle_growth,
            m_mul=schedule.peak_decay,
        )
    return OPTIMIZERS[type(config)](learning_rate=rate, **_settings(config))


def schedule_callbacks(stage: Stage) -> list[keras.callbacks.Callback]:
    """The stage's schedule, if it works by epochs."""
    schedule = stage.settings.schedule
    if not isinstance(schedule, Plateau):
        return []
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="val_accuracy",
        mode="max",
        factor=schedule.factor,
        patience=schedule.patience_epochs,
        min_lr=schedule.minimum_learning_rate,
        min_delta=0.0,
    )
    return [plateau]


def loss(config: Loss, labels: np.ndarray, classes: int) -> keras.losses.Loss:
    """The loss; `labels` (n,), of the training split, give the weights where its alpha is "balanced"."""
    settings = _settings(config)
    if settings.get("alpha") == "balanced":
        settings["alpha"] = balanced_weights(labels, classes).tolist()
    return LOSSES[type(config)](**settings)


def balanced_weights(labels: np.ndarray, classes: int) -> np.ndarray:
    """float64 (classes,): n / (classes * n_class), so that every class weighs the same and the mean weight is 1.

    King and Zeng 2001; the formula of https://scikit-learn.org/stable/modules/generated/sklearn.utils.class_weight.html
    """
    return len(labels) / (classes * np.bincount(labels, minlength=classes))


def _settings(config: Any) -> dict[str, Any]:
    return {f.name: getattr(config, f.name) for f in fields(config) if f.name not in NO_ARGUMENTS}
