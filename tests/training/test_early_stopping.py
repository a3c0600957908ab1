"""Early stopping counts patience within a stage and keeps the best weights of all stages."""

from collections.abc import Callable
from dataclasses import asdict

import keras
import numpy as np
import pytest

from bloodcells.config.schema import Monitor
from bloodcells.training.early_stopping import BestEpoch, EarlyStopping, StoppingState


def new(monitor: Monitor) -> EarlyStopping:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    callback = EarlyStopping(model, monitor)
    callback.set_model(model)
    return callback


@pytest.fixture
def stopping() -> EarlyStopping:
    return new(Monitor.clean)


def anywhere(epoch: int) -> bool:
    return True


def run_stage(
    stopping: EarlyStopping,
    label: str,
    patience: int | None,
    before: int,
    epochs: list[tuple],
    may_stop_after: Callable[[int], bool] = anywhere,
) -> int:
    """Ends epochs with the given (validation accuracy, loss) until stopped; returns how many.

    The model's only weight is the number of the epoch, counted from `before`.
    """
    stopping.begin_stage(label, patience, before, may_stop_after=may_stop_after)
    stopping.model.stop_training = False
    for epoch, (accuracy, loss) in enumerate(epochs):
        stopping.model.set_weights([np.full((1, 1), before + epoch + 1)])
        stopping.on_epoch_end(epoch, {"val_accuracy": accuracy, "val_loss": loss})
        if stopping.model.stop_training:
            return epoch + 1
    return len(epochs)


def restored_weight(stopping: EarlyStopping) -> float:
    stopping.restore()
    return float(stopping.model.get_weights()[0][0, 0])


def test_best_epoch_has_the_highest_accuracy_and_among_equals_the_lowest_loss(stopping) -> None:
    run_stage(stopping, "one", None, 0, [(0.5, 1.0), (0.9, 0.8), (0.9, 0.7), (0.9, 0.9), (0.8, 0.1)])
    assert restored_weight(stopping) == 3
    assert stopping.best == BestEpoch(3, "one", 0.9, 0.7)


# Per epoch: accuracy and loss on the clean images, and on the composed ones.
BOTH = [((0.9, 0.1), (0.3, 2.0)), ((0.8, 0.2), (0.5, 1.5)), ((0.7, 0.3), (0.5, 1.4)), ((0.6, 0.4), (0.4, 1.0))]


@pytest.mark.parametrize(
    ("monitor", "best", "stops_after"),
    [(Monitor.clean, BestEpoch(1, "one", 0.9, 0.1), 2), (Monitor.composed, BestEpoch(3, "one", 0.5, 1.4), 4)],
)
def test_only_the_monitored_images_judge_an_epoch(monitor, best, stops_after) -> None:
    stopping = new(monitor)
    stopping.begin_stage("one", 1, 0, may_stop_after=anywhere)
    stopping.model.stop_training = False
    stopped = []
    for epoch, ((clean, clean_loss), (composed, composed_loss)) in enumerate(BOTH, 1):
        stopping.model.set_weights([np.full((1, 1), epoch)])
        logs = {"val_accuracy": clean, "val_loss": clean_loss}
        stopping.on_epoch_end(epoch - 1, logs | {"val_composed_accuracy": composed, "val_composed_loss": composed_loss})
        stopped.append(stopping.model.stop_training)
    assert stopping.best == best
    assert stopped.index(True) + 1 == stops_after
    assert restored_weight(stopping) == best.epoch


def test_later_stage_without_improvement_keeps_the_earlier_best(stopping) -> None:
    run_stage(stopping, "one", None, 0, [(0.5, 1.0), (0.9, 0.8)])
    run_stage(stopping, "two", None, 2, [(0.7, 1.0), (0.85, 0.8)])
    assert restored_weight(stopping) == 2
    assert stopping.best.stage == "one"


def test_best_epoch_of_a_later_stage_is_numbered_over_all_stages(stopping) -> None:
    run_stage(stopping, "one", None, 0, [(0.5, 1.0), (0.9, 0.8)])
    run_stage(stopping, "two", None, 2, [(0.7, 1.0), (0.95, 0.8)])
    assert restored_weight(stopping) == 4
    assert (stopping.best.epoch, stopping.best.stage) == (4, "two")


def test_patience_counts_the_epochs_of_a_stage_without_improvement(stopping) -> None:
    epochs = [(0.5, 1), (0.6, 1), (0.6, 1), (0.55, 1), (0.7, 1), (0.6, 1), (0.6, 1), (0.6, 1), (0.9, 1)]
    assert run_stage(stopping, "one", 3, 0, epochs) == 8
    # The next stage starts below the best so far and is not stopped for that.
    assert run_stage(stopping, "two", 3, 8, [(0.1, 1), (0.2, 1), (0.3, 1), (0.4, 1), (0.5, 1)]) == 5


def test_stage_without_patience_is_never_stopped(stopping) -> None:
    assert run_stage(stopping, "one", None, 0, [(0.5, 1.0)] * 20) == 20


# The best epoch is the second; patience runs out with the fifth, in the middle of the second cycle of 3, 6, ... epochs.
CYCLES = [0.5, 0.9, 0.8, 0.7, 0.6, 0.7, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8]


@pytest.mark.parametrize(
    ("changed", "stops_after"),
    [
        ({}, 9),  # at the end of the second cycle
        ({8: 0.95}, 21),  # not there, after a new best epoch in it: at the end of the third
        ({8: 0.95, 20: 0.96}, 30),  # nor there
    ],
)
def test_stage_stops_at_the_end_of_a_cycle_that_has_not_improved(stopping, changed, stops_after) -> None:
    accuracies = [*CYCLES, *[0.8] * 18]
    for epoch, accuracy in changed.items():
        accuracies[epoch - 1] = accuracy
    epochs = [(accuracy, 1.0) for accuracy in accuracies]
    assert run_stage(stopping, "one", 3, 0, epochs, {3, 9, 21}.__contains__) == stops_after


def test_stage_interrupted_after_patience_ran_out_stops_at_the_same_epoch(stopping) -> None:
    epochs = [(accuracy, 1.0) for accuracy in CYCLES]
    run_stage(stopping, "one", 3, 0, epochs[:7], {3, 9}.__contains__)
    left = {**asdict(stopping.state), "weights": []}
    resumed = EarlyStopping(stopping.model, Monitor.clean, StoppingState.of(left, stopping.state.weights))
    resumed.set_model(stopping.model)
    resumed.begin_stage("one", 3, 0, may_stop_after={3, 9}.__contains__, resumed=True)
    for epoch in (7, 8):
        assert not stopping.model.stop_training
        resumed.on_epoch_end(epoch, {"val_accuracy": 0.8, "val_loss": 1.0})
    assert stopping.model.stop_training
    assert restored_weight(resumed) == 2


def test_there_is_no_best_epoch_before_the_first_has_ended(stopping) -> None:
    with pytest.raises(RuntimeError, match="no epoch has ended"):
        _ = stopping.best
