"""Learning-rate schedules against the rates worked out by hand."""

import keras
import numpy as np
import pytest

from bloodcells.config.schema import Monitor
from bloodcells.training.plan import plan
from tests.conftest import composed


def test_cosine_restarts_follow_equation_5_of_their_paper() -> None:
    stage, steps = plan(composed("backbone=vgg19", "training.fine_tuning.learning_rate=0.01"))[1], 4
    rate = stage.settings.schedule.learning_rate(stage.learning_rate, steps, stage.epochs)
    # The first cycle takes 5 epochs of 4 steps, the next twice as long; each falls from the full rate as a half cosine.
    for step, (cycle, length) in {0: (0, 20), 7: (0, 20), 19: (0, 20), 20: (20, 40), 45: (20, 40)}.items():
        expected = 0.01 * 0.5 * (1 + np.cos(np.pi * (step - cycle) / length))
        assert float(rate(step)) == pytest.approx(expected, rel=1e-4)
    assert stage.settings.schedule.callback(Monitor.clean) is None


def test_peak_decay_lowers_each_restart() -> None:
    stage = plan(composed("backbone=vgg19", "training.fine_tuning.schedule.peak_decay=0.5"))[1]
    rate = stage.settings.schedule.learning_rate(stage.learning_rate, 4, stage.epochs)
    assert float(rate(20)) == pytest.approx(0.5 * float(rate(0)))


@pytest.mark.parametrize(
    ("schedule", "ends"),
    [
        ("first_cycle_epochs=5", [5, 15]),  # cycles of 5, 10 and 20 epochs
        ("cycle_growth=1", [5, 10, 15, 20, 25]),
        ("cycle_growth=1.5", [5, 12, 23]),  # 5, 7.5, 11.25 and 16.875: the second ends within epoch 13
    ],
)
def test_training_may_stop_at_the_end_of_a_cosine_cycle_where_the_rate_is_lowest(schedule, ends) -> None:
    schedule = composed(f"training.fine_tuning.schedule.{schedule}").training.fine_tuning.schedule
    assert [epoch for epoch in range(1, 28) if schedule.may_stop_after(epoch)] == ends
    rate, steps = schedule.learning_rate(1.0, 8, 40), 8
    for end in ends:  # the rates of the last steps of this epoch and of the next one
        assert float(rate(end * steps - 1)) < 0.06
        assert float(rate((end + 1) * steps - 1)) > 0.9


def test_cycles_of_a_fraction_of_an_epoch_do_not_drift() -> None:
    fractions = ("training.fine_tuning.schedule.first_cycle_epochs=1.1", "training.fine_tuning.schedule.cycle_growth=1")
    schedule = composed(*fractions).training.fine_tuning.schedule
    assert [epoch for epoch in range(1, 24) if not schedule.may_stop_after(epoch)] == [10, 21]


@pytest.mark.parametrize("warmup", [0, 2])
def test_cosine_rises_linearly_and_falls_to_zero_at_the_end_of_the_stage(warmup) -> None:
    settings = (
        "schedule@training.fine_tuning.schedule=cosine",
        f"training.fine_tuning.schedule.warmup_epochs={warmup}",
    )
    schedule = composed(*settings).training.fine_tuning.schedule
    rate, steps, epochs = schedule.learning_rate(0.1, 5, 12), 5, 12
    for step in range(warmup * steps):
        assert float(rate(step)) == pytest.approx(0.1 * step / (warmup * steps), abs=1e-8)
    for step in range(warmup * steps, epochs * steps + 1):
        share = (step - warmup * steps) / ((epochs - warmup) * steps)
        assert float(rate(step)) == pytest.approx(0.05 * (1 + np.cos(np.pi * share)), abs=1e-7)
    assert not any(schedule.may_stop_after(epoch) for epoch in range(1, epochs + 1))


@pytest.mark.parametrize("name", ["plateau", "constant"])
def test_training_may_stop_after_any_epoch_of_a_schedule_without_cycles(name) -> None:
    schedule = composed(f"schedule@training.fine_tuning.schedule={name}").training.fine_tuning.schedule
    assert all(schedule.may_stop_after(epoch) for epoch in range(1, 41))


@pytest.mark.parametrize(("monitor", "accuracy"), [("clean", "val_accuracy"), ("composed", "val_composed_accuracy")])
def test_plateau_lowers_the_rate_down_to_its_minimum_by_the_monitored_accuracy(monitor, accuracy) -> None:
    config = composed("backbone=vgg19", "training.feature_extraction.schedule.minimum_learning_rate=3e-6")
    stage = plan(config)[0]
    callback = stage.settings.schedule.callback(Monitor(monitor))
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(
        config.optimizer.build(stage.settings.schedule.learning_rate(stage.learning_rate, 1, stage.epochs)), "mse"
    )
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch in range(9):
        improving = {"val_accuracy": epoch / 10, "val_composed_accuracy": epoch / 10}
        callback.on_epoch_end(epoch, improving | {accuracy: 0.5})
        rates.append(float(model.optimizer.learning_rate))
    # 1e-4; a fifth of it after two epochs without improvement, and again after two more, but never below 3e-6
    assert rates == pytest.approx([1e-4] * 2 + [2e-5] * 2 + [4e-6] * 2 + [3e-6] * 3)


def test_constant_schedule_changes_nothing() -> None:
    schedule = composed("schedule@training.fine_tuning.schedule=constant").training.fine_tuning.schedule
    assert schedule.learning_rate(0.3, 4, 5) == 0.3
    assert schedule.callback(Monitor.clean) is None
