"""The training loop: stage after stage, each from the best weights so far."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import keras

from bloodcells.config.schema import Optimizer
from bloodcells.data.pipeline import TrainingBatches
from bloodcells.model.build import backbone_of
from bloodcells.model.trainable import Trainable, set_trainable
from bloodcells.training.best import Best, BestWeights
from bloodcells.training.devices import compiles_ahead
from bloodcells.training.epochs import Epoch, Record, StopWhereNoNumber
from bloodcells.training.ingredients import optimizer, schedule_callbacks
from bloodcells.training.plan import Stage
from bloodcells.training.progress import Progress
from bloodcells.training.validate import Validate

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fitted:
    """What came of training: each epoch, the best one, and how long it all took."""

    history: tuple[Epoch, ...]
    best: Best
    seconds: float


def counted(model: keras.Model, stages: list[Stage]) -> list[Trainable]:
    """What each stage will train, to be told before it does."""
    return [set_trainable(model, stage.depth.first, stage.batch_norm) for stage in stages]


def fit(
    model: keras.Model,
    stages: list[Stage],
    batches: TrainingBatches,
    validate: Validate,
    optimizer_config: Optimizer,
    loss: keras.losses.Loss,
    on_epoch: Callable[[Epoch], None],
) -> Fitted:
    """Trains `model` through `stages`; leaves it with the best weights by validation, whichever stage they are from.

    on_epoch: is given each epoch as it ends.
    Raises DivergedError where the loss stops being a number.
    """
    began = time.perf_counter()
    history: list[Epoch] = []
    best, progress = BestWeights(), Progress(stages, len(backbone_of(model).layers), batches.steps)
    try:
        for number, stage in enumerate(stages):
            trainable = set_trainable(model, stage.depth.first, stage.batch_norm)
            log.info("%s: %d epochs at %g, %s", stage.label, stage.epochs, stage.learning_rate, trainable.describe())
            model.compile(
                optimizer=optimizer(optimizer_config, stage, batches.steps),
                loss=loss,
                metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
                jit_compile=compiles_ahead(),
            )
            # Variables made while Keras traces its graph would have it traced twice.
            model.optimizer.build(model.trainable_variables)
            best.begin_stage(stage.label, stage.settings.patience_epochs, len(history))
            progress.begin_stage(number)
            model.fit(
                batches.from_epoch(len(history)),
                epochs=stage.epochs,
                steps_per_epoch=batches.steps,
                # In this order: what validation adds is recorded, and the rate before the schedule changes it.
                callbacks=[
                    validate,
                    StopWhereNoNumber(stage, len(history)),
                    Record(stage, trainable, history, on_epoch),
                    best,
                    *schedule_callbacks(stage),
                    progress,
                ],
                shuffle=False,  # the batches come in an order of their own
                verbose=0,
            )
            best.restore()
    finally:
        progress.close()
    return Fitted(tuple(history), best.found, time.perf_counter() - began)
