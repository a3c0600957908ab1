"""Losses against their equations, optimizers and schedules against theirs."""

import keras
import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from bloodcells.training.ingredients import balanced_weights, loss, optimizer, schedule_callbacks
from bloodcells.training.plan import plan
from tests.conftest import composed

LABELS = np.array([0, 0, 0, 0, 0, 1, 1, 2])
TARGETS = np.eye(3, dtype=np.float32)[LABELS]
PROBABILITIES = np.random.default_rng(0).dirichlet([1, 1, 1], 8).astype(np.float32)
OF_THE_TRUE_CLASS = PROBABILITIES[np.arange(8), LABELS].astype(float)


def value(*overrides: str, targets: np.ndarray = TARGETS) -> float:
    return float(loss(composed(*overrides).loss, LABELS, 3)(targets, PROBABILITIES))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
def test_focal_loss_is_the_reports_equation_1(gamma) -> None:
    # FL(p_t) = -(1 - p_t)^gamma log(p_t)
    expected = np.mean(-((1 - OF_THE_TRUE_CLASS) ** gamma) * np.log(OF_THE_TRUE_CLASS))
    assert value("loss=focal", f"loss.gamma={gamma}") == pytest.approx(expected, rel=1e-5)


def test_crossentropy_is_focal_loss_at_gamma_0() -> None:
    expected = np.mean(-np.log(OF_THE_TRUE_CLASS))
    assert value("loss=crossentropy") == pytest.approx(expected, rel=1e-5)


def test_weighted_crossentropy_weighs_each_class_by_its_rarity() -> None:
    # 8 images in 3 classes: 8 / (3 * 5), 8 / (3 * 2), 8 / (3 * 1)
    weights = np.array([8 / 15, 8 / 6, 8 / 3])
    expected = np.mean(-weights[LABELS] * np.log(OF_THE_TRUE_CLASS))
    assert value("loss=weighted_crossentropy") == pytest.approx(expected, rel=1e-5)


def test_focal_loss_can_be_balanced_too() -> None:
    weights = np.array([8 / 15, 8 / 6, 8 / 3])
    expected = np.mean(-weights[LABELS] * (1 - OF_THE_TRUE_CLASS) ** 2 * np.log(OF_THE_TRUE_CLASS))
    assert value("loss=focal", "loss.alpha=balanced") == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["crossentropy", "weighted_crossentropy", "focal"])
def test_the_loss_of_a_mixed_label_is_mixed_alike(name) -> None:
    other = np.roll(TARGETS, 1, axis=0)
    mixed = value(f"loss={name}", targets=0.7 * TARGETS + 0.3 * other)
    assert mixed == pytest.approx(0.7 * value(f"loss={name}") + 0.3 * value(f"loss={name}", targets=other), rel=1e-5)


@pytest.mark.parametrize("name", ["crossentropy", "focal"])
def test_label_smoothing_shares_a_part_out_among_all_classes(name) -> None:
    smooth = TARGETS * 0.9 + 0.1 / 3
    assert value(f"loss={name}", "loss.label_smoothing=0.1") == pytest.approx(
        value(f"loss={name}", targets=smooth), rel=1e-5
    )


def test_balanced_weights_are_scikit_learns() -> None:
    expected = compute_class_weight("balanced", classes=np.arange(3), y=LABELS)
    assert np.allclose(balanced_weights(LABELS, 3), expected)


@pytest.mark.parametrize("name", ["adam", "adamw", "lion", "sgd"])
def test_an_optimizer_has_the_settings_of_its_file_and_the_rate_of_its_stage(name) -> None:
    config = composed(f"optimizer={name}", "backbone=vgg19", "training.feature_extraction.learning_rate=0.007")
    built = optimizer(config.optimizer, plan(config)[0], 10)
    assert isinstance(built, getattr(keras.optimizers, {"sgd": "SGD", "adamw": "AdamW"}.get(name, name.capitalize())))
    assert float(built.learning_rate) == pytest.approx(0.0014 if name == "lion" else 0.007)
    for key in ("beta_1", "beta_2", "epsilon", "weight_decay", "momentum", "nesterov"):
        if hasattr(config.optimizer, key):
            assert getattr(built, key) == getattr(config.optimizer, key)


def test_cosine_restarts_follow_the_papers_equation_5() -> None:
    config = composed("backbone=vgg19", "training.fine_tuning.learning_rate=0.01")
    stage, steps = plan(config)[1], 4
    rates = optimizer(config.optimizer, stage, steps)._learning_rate
    # the first cycle takes 5 epochs of 4 steps, the next twice as long; each falls from the full rate as a half cosine
    for step, (cycle, length) in {0: (0, 20), 7: (0, 20), 19: (0, 20), 20: (20, 40), 45: (20, 40)}.items():
        expected = 0.01 * 0.5 * (1 + np.cos(np.pi * (step - cycle) / length))
        assert float(rates(step)) == pytest.approx(expected, rel=1e-4)
    assert schedule_callbacks(stage) == []


def test_each_restart_is_lower_by_the_peaks_decay() -> None:
    config = composed("backbone=vgg19", "training.fine_tuning.schedule.peak_decay=0.5")
    rates = optimizer(config.optimizer, plan(config)[1], 4)._learning_rate
    assert float(rates(20)) == pytest.approx(0.5 * float(rates(0)))


def test_plateau_lowers_the_rate_down_to_its_minimum() -> None:
    config = composed("backbone=vgg19", "training.feature_extraction.schedule.minimum_learning_rate=3e-6")
    stage = plan(config)[0]
    (callback,) = schedule_callbacks(stage)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer(config.optimizer, stage, 1), "mse")
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch in range(9):
        callback.on_epoch_end(epoch, {"val_accuracy": 0.5})
        rates.append(float(model.optimizer.learning_rate))
    # 1e-4, after two epochs without a better one a fifth of it, after two more a fifth of that, then no less than 3e-6
    assert rates == pytest.approx([1e-4] * 2 + [2e-5] * 2 + [4e-6] * 2 + [3e-6] * 3)


def test_plateau_watches_validation_accuracy() -> None:
    stage = plan(composed("backbone=vgg19"))[0]
    (callback,) = schedule_callbacks(stage)
    assert (callback.monitor, callback.mode, callback.factor, callback.patience) == ("val_accuracy", "max", 0.2, 2)


def test_constant_changes_nothing() -> None:
    config = composed("backbone=vgg19", "schedule@training.fine_tuning.schedule=constant")
    stage = plan(config)[1]
    assert schedule_callbacks(stage) == []
    assert optimizer(config.optimizer, stage, 3)._learning_rate.shape == ()
