"""Losses against their equations, and losses of Keras by class name."""

import keras
import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from bloodcells.config.errors import InputError
from bloodcells.training.losses import balanced_weights
from tests.conftest import composed

LABELS = np.array([0, 0, 0, 0, 0, 1, 1, 2])
TARGETS = np.eye(3, dtype=np.float32)[LABELS]
PROBABILITIES = np.random.default_rng(0).dirichlet([1, 1, 1], 8).astype(np.float32)
OF_THE_TRUE_CLASS = PROBABILITIES[np.arange(8), LABELS].astype(float)


def value(*overrides: str, targets: np.ndarray = TARGETS) -> float:
    return float(composed(*overrides).loss.build(LABELS, 3)(targets, PROBABILITIES))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
def test_focal_loss_follows_its_equation(gamma) -> None:
    # FL(p_t) = -(1 - p_t)^gamma log(p_t)
    expected = np.mean(-((1 - OF_THE_TRUE_CLASS) ** gamma) * np.log(OF_THE_TRUE_CLASS))
    assert value("loss=focal", f"loss.gamma={gamma}") == pytest.approx(expected, rel=1e-5)


def test_crossentropy_is_focal_loss_with_gamma_0() -> None:
    expected = np.mean(-np.log(OF_THE_TRUE_CLASS))
    assert value("loss=crossentropy") == pytest.approx(expected, rel=1e-5)


def test_weighted_crossentropy_weights_classes_by_inverse_frequency() -> None:
    # 8 images in 3 classes: 8 / (3 * 5), 8 / (3 * 2), 8 / (3 * 1)
    weights = np.array([8 / 15, 8 / 6, 8 / 3])
    expected = np.mean(-weights[LABELS] * np.log(OF_THE_TRUE_CLASS))
    assert value("loss=weighted_crossentropy") == pytest.approx(expected, rel=1e-5)


def test_focal_loss_can_be_balanced() -> None:
    weights = np.array([8 / 15, 8 / 6, 8 / 3])
    expected = np.mean(-weights[LABELS] * (1 - OF_THE_TRUE_CLASS) ** 2 * np.log(OF_THE_TRUE_CLASS))
    assert value("loss=focal", "loss.alpha=balanced") == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["crossentropy", "weighted_crossentropy", "focal"])
def test_loss_is_linear_in_the_label(name) -> None:
    other = np.roll(TARGETS, 1, axis=0)
    mixed = value(f"loss={name}", targets=0.7 * TARGETS + 0.3 * other)
    assert mixed == pytest.approx(0.7 * value(f"loss={name}") + 0.3 * value(f"loss={name}", targets=other), rel=1e-5)


@pytest.mark.parametrize("name", ["crossentropy", "focal"])
def test_label_smoothing_spreads_its_share_over_all_classes(name) -> None:
    smooth = TARGETS * 0.9 + 0.1 / 3
    assert value(f"loss={name}", "loss.label_smoothing=0.1") == pytest.approx(
        value(f"loss={name}", targets=smooth), rel=1e-5
    )


def test_balanced_weights_equal_scikit_learns() -> None:
    expected = compute_class_weight("balanced", classes=np.arange(3), y=LABELS)
    assert np.allclose(balanced_weights(LABELS, 3), expected)


def of_keras(class_name: str, arguments: str = "null") -> tuple[str, ...]:
    return "loss=keras", f"loss.class_name={class_name}", f"loss.arguments={arguments}"


def test_keras_loss_takes_its_arguments() -> None:
    squared = (PROBABILITIES - TARGETS) ** 2
    assert value(*of_keras("MeanSquaredError")) == pytest.approx(np.mean(squared), rel=1e-5)
    smoothed = value("loss=crossentropy", "loss.label_smoothing=0.1")
    assert value(*of_keras("CategoricalCrossentropy", "{label_smoothing: 0.1}")) == pytest.approx(smoothed)
    weighted = value(*of_keras("CategoricalFocalCrossentropy", "{alpha: [0.5, 1.0, 2.0], gamma: 0}"))
    expected = np.mean(-np.array([0.5, 1, 2])[LABELS] * np.log(OF_THE_TRUE_CLASS))
    assert weighted == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (of_keras("CategoricalCrossentrop"), "loss.class_name=CategoricalCrossentrop: expected one of BinaryCross"),
        (of_keras("CategoricalCrossentrop"), "did you mean CategoricalCrossentropy or "),
        (of_keras("Loss"), "loss.class_name=Loss: expected one of "),
        (of_keras("CategoricalFocalCrossentropy", "{gama: 1}"), "gama: CategoricalFocalCrossentropy has no such arg"),
        (of_keras("CategoricalFocalCrossentropy", "{gama: 1}"), "expected any of alpha, gamma, label_smoothing, axis;"),
        (of_keras("CategoricalFocalCrossentropy", "{gama: 1}"), "did you mean gamma?"),
        (of_keras("Dice", "{from_logits: true}"), "loss.arguments.from_logits: cannot be set: the model outputs prob"),
        (of_keras("Dice", "{reduction: sum}"), "loss.arguments.reduction: cannot be set: the loss of a batch is the"),
        (of_keras("Huber", "{delta: wide}"), "loss.arguments.delta=wide: expected a float (default: 1.0)"),
    ],
)
def test_wrong_name_or_argument_of_a_keras_loss_is_one_line(overrides, message) -> None:
    with pytest.raises(InputError) as error:
        composed(*overrides)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (of_keras("SparseCategoricalCrossentropy"), "fails on one-hot labels (Argument `output` must have rank"),
        (of_keras("Circle"), "fails on one-hot labels (Incompatible shapes"),
        (of_keras("Dice"), "returns shape () for 4 images; expected a loss of one-hot labels and probabilities"),
        (of_keras("CosineSimilarity", "{axis: 0}"), "returns shape (3,) for 4 images"),
        (of_keras("CategoricalFocalCrossentropy", "{alpha: [1, 2]}"), "Incompatible shapes: [4,3] vs. [2]"),
        (of_keras("Huber", "{delta: 0.0}"), "not lower for better predictions"),
    ],
)
def test_keras_loss_that_cannot_train_a_classifier_is_one_line(overrides, message) -> None:
    config = composed(*overrides)
    with pytest.raises(InputError) as error:
        config.loss.build(LABELS, 3)
    assert str(error.value).startswith(f"loss.class_name={config.loss.class_name}")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_loss_that_reduces_over_classes_by_an_argument_works() -> None:
    loss = composed(*of_keras("Dice", "{axis: [-1]}")).loss.build(LABELS, 3)
    assert isinstance(loss, keras.losses.Dice)
