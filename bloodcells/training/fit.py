"""The training loop: stage after stage, each starting from the best weights so far."""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import keras
from pandas import DataFrame

from bloodcells.config.schema import Monitor, Optimizer
from bloodcells.data.pipeline import TrainingBatches
from bloodcells.model.build import backbone_of
from bloodcells.model.folding import folded
from bloodcells.model.trainable import Trainable, set_trainable
from bloodcells.training.averaging import averaging, on_average
from bloodcells.training.devices import jit_compile
from bloodcells.training.early_stopping import BestEpoch, EarlyStopping
from bloodcells.training.epochs import Epoch, RecordEpochs, StopOnDivergence, Validate
from bloodcells.training.plan import Stage
from bloodcells.training.progress import Progress
from bloodcells.training.state import SaveState, StateFile, assign

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FitResult:
    """The result of training: one `Epoch` per epoch, the best one by `monitor`, and the training time in seconds."""

    history: tuple[Epoch, ...]
    best: BestEpoch
    monitor: Monitor
    seconds: float

    @property
    def best_row(self) -> Epoch:
        """The row of the best epoch."""
        return self.history[self.best.epoch - 1]

    def table(self) -> DataFrame:
        """The history, one row per epoch."""
        return DataFrame([asdict(epoch) for epoch in self.history])


def count_trainable(model: keras.Model, stages: list[Stage]) -> list[Trainable]:
    """What each stage trains. Leaves the model as the last stage sets it."""
    return [set_trainable(model, stage.depth.first, stage.batch_norm) for stage in stages]


def fit(
    model: keras.Model,
    stages: list[Stage],
    batches: TrainingBatches,
    *,
    validate: Validate,
    monitor: Monitor,
    optimizer: Optimizer,
    loss: keras.losses.Loss,
    ema_momentum: float | None,
    on_epoch: Callable[[Epoch, float], None],
    file: StateFile | None = None,
) -> FitResult:
    """Trains `model` through `stages` and leaves it with the weights of the best epoch of all stages.

    monitor: which validation images judge an epoch
    ema_momentum: of the moving average of the weights that is validated and kept; None: the weights themselves
    on_epoch: called at the end of each epoch, with the seconds since then; on resume, first for the epochs before the
        interruption
    file: where the state is saved after each epoch and from which training resumes; the result is bit-identical to that
        of an uninterrupted run. None: the state is not saved
    Raises DivergedError if the loss is not finite, and InputError if the state cannot be saved.
    """
    saved = file.read() if file else None
    start = time.perf_counter() - (saved.seconds if saved else 0.0)
    history = list(saved.history) if saved else []
    first = 0
    if saved:
        log.info("resuming after epoch %d of at most %d", len(history), sum(stage.epochs for stage in stages))
        for number, row in enumerate(history, start=1):
            on_epoch(row, sum(later.seconds for later in history[number:]))
        first = saved.stage + saved.ended
        assign(model.variables, saved.variables)
        if saved.ended:
            model.set_weights(saved.stopping.weights)
    stopping = EarlyStopping(model, monitor, saved.stopping if saved else None)
    progress = Progress(stages, len(backbone_of(model).layers), batches.steps)
    try:
        for number, stage in enumerate(stages[first:], start=first):
            trainable = set_trainable(model, stage.depth.first, stage.batch_norm)
            _log(stage, trainable)
            rate = stage.settings.schedule.learning_rate(stage.learning_rate, batches.steps, stage.epochs)
            trained = _compiled(model, averaging(optimizer.build(rate), ema_momentum), loss, any_size=bool(stage.sides))
            schedule = stage.settings.schedule.callback(monitor)
            resumed, completed = (saved, saved.epochs_in_stage) if saved and number == saved.stage else (None, 0)
            if resumed:
                assign(trained.optimizer.variables, resumed.optimizer)
            patience, before = stage.settings.patience_epochs, len(history) - completed
            stopping.begin_stage(
                stage.label, patience, before, may_stop_after=stage.may_stop_after, resumed=resumed is not None
            )
            progress.begin_stage(number, before)
            # The order matters: RecordEpochs needs the validation results, and the rate before the schedule changes it.
            # An epoch is reported only after it is saved: if the process is killed earlier, the epoch is trained again.
            judges = [
                validate,
                StopOnDivergence(stage, len(history)),
                RecordEpochs(stage, trainable, history),
                stopping,
            ]
            callbacks = on_average(judges, ema_momentum)
            if schedule:
                callbacks.append(schedule)
            callbacks.append(progress)
            if file:
                checkpoint = SaveState(
                    file,
                    model,
                    stage=number,
                    epochs=stage.epochs,
                    stopping=stopping,
                    schedule=schedule,
                    history=history,
                    start=start,
                    resumed=resumed,
                )
                callbacks.append(checkpoint)
            callbacks.append(keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: on_epoch(history[-1], 0.0)))
            trained.fit(
                batches.from_epoch(len(history), stage.sides[completed:]),
                initial_epoch=completed,
                epochs=stage.epochs,
                steps_per_epoch=batches.steps,
                callbacks=callbacks,
                shuffle=False,  # the batches are shuffled already
                verbose=0,
            )
            if len(history) < before + stage.epochs:
                log.info(
                    "early stopping after epoch %d (patience %d); best so far: epoch %d, %s validation accuracy %.3f",
                    *(len(history), patience, stopping.best.epoch, monitor.value, stopping.best.accuracy),
                )
            stopping.restore()
    finally:
        progress.close()
    return FitResult(tuple(history), stopping.best, monitor, time.perf_counter() - start)


def _log(stage: Stage, trainable: Trainable) -> None:
    epochs = f"{stage.epochs} epoch{'s' if stage.epochs > 1 else ''}"
    log.info("%s: at most %s, learning rate %g", stage.label, epochs, stage.learning_rate)
    log.info("  trains %s", trainable.describe())


def _compiled(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss, *, any_size: bool
) -> keras.Model:
    """The model to train in a stage, compiled: it has the variables of `model`, and frozen normalization is folded.

    any_size: whether it takes images of any size
    """
    trained = folded(model, only_frozen=True, any_size=any_size)
    trained.compile(
        optimizer=optimizer,
        loss=loss,
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=jit_compile(),
    )
    # Created now: variables created while Keras traces the training step would make it trace twice.
    trained.optimizer.build(trained.trainable_variables)
    return trained
