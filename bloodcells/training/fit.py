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
from bloodcells.training.checkpoint import Checkpoint, set_back
from bloodcells.training.devices import compiles_ahead
from bloodcells.training.early_stopping import Best, BestWeights
from bloodcells.training.epochs import Epoch, Record, StopWhereNoNumber
from bloodcells.training.ingredients import optimizer, schedule_callbacks
from bloodcells.training.plan import Stage
from bloodcells.training.progress import Progress
from bloodcells.training.state import StateFile
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
    file: StateFile | None = None,
) -> Fitted:
    """Trains `model` through `stages`; leaves it with the best weights by validation, whichever stage they are from.

    on_epoch: is given each epoch as it ends, and first those that had ended when the run was interrupted.
    file: where the state is kept at each epoch's end, and taken up from: what comes out is what would have come out
        undisturbed. None for nowhere.
    Raises DivergedError where the loss stops being a number, and InputError where the state cannot be kept.
    """
    left = file.read() if file else None
    began = time.perf_counter() - (left.seconds if left else 0.0)
    history = list(left.history) if left else []
    first = 0
    if left:
        log.info("goes on after epoch %d of at most %d", len(history), sum(stage.epochs for stage in stages))
        for row in history:
            on_epoch(row)
        first = left.stage + left.ended
        set_back(model.variables, left.variables)
        if left.ended:
            model.set_weights(left.search.weights)
    best = BestWeights(left.search if left else None)
    progress = Progress(stages, len(backbone_of(model).layers), batches.steps)
    try:
        for number, stage in enumerate(stages[first:], start=first):
            trainable = _compiled(model, stage, optimizer_config, loss, batches.steps)
            schedules = schedule_callbacks(stage)
            continued, passed = (left, left.epochs_in_stage) if left and number == left.stage else (None, 0)
            if continued:
                set_back(model.optimizer.variables, continued.optimizer)
            best.begin_stage(stage.label, stage.settings.patience_epochs, len(history) - passed, continued is not None)
            progress.begin_stage(number)
            # In this order: what validation adds is recorded, and the rate before the schedule changes it; then all of
            # it is kept, and only then told: an epoch that a kill took back is trained again, and may be told but once.
            callbacks = [
                validate,
                StopWhereNoNumber(stage, len(history)),
                Record(stage, trainable, history),
                best,
                *schedules,
                progress,
            ]
            if file:
                callbacks.append(Checkpoint(file, number, stage, best, schedules, history, began, continued))
            callbacks.append(keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: on_epoch(history[-1])))
            model.fit(
                batches.from_epoch(len(history)),
                initial_epoch=passed,
                epochs=stage.epochs,
                steps_per_epoch=batches.steps,
                callbacks=callbacks,
                shuffle=False,  # the batches come in an order of their own
                verbose=0,
            )
            best.restore()
    finally:
        progress.close()
    return Fitted(tuple(history), best.found, time.perf_counter() - began)


def _compiled(
    model: keras.Model, stage: Stage, config: Optimizer, loss: keras.losses.Loss, steps_per_epoch: int
) -> Trainable:
    """Makes `model` ready for `stage`; tells and returns what will train."""
    trainable = set_trainable(model, stage.depth.first, stage.batch_norm)
    log.info("%s: %d epochs at %g, %s", stage.label, stage.epochs, stage.learning_rate, trainable.describe())
    model.compile(
        optimizer=optimizer(config, stage, steps_per_epoch),
        loss=loss,
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=compiles_ahead(),
    )
    # Variables made while Keras traces its graph would have it traced twice.
    model.optimizer.build(model.trainable_variables)
    return trainable
