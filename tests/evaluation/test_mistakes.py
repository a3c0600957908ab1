"""Mistakes in constructed predictions."""

import numpy as np
import pytest

from bloodcells.evaluation import mistakes
from tests.evaluation.test_predictions import predictions


def test_confused_pairs_are_sorted_by_frequency() -> None:
    table = mistakes.confused_pairs(predictions(np.eye(3)[[1, 1, 0, 2, 0, 2, 2]], [0, 0, 0, 1, 1, 2, 2]))
    assert table.values.tolist() == [
        ["class 0", "class 1", 2, 2 / 3],
        ["class 1", "class 0", 1, 1 / 2],
        ["class 1", "class 2", 1, 1 / 2],
    ]


def test_without_mistakes_the_tables_are_empty() -> None:
    correct = predictions(np.eye(2), [0, 1])
    assert len(mistakes.confused_pairs(correct)) == len(mistakes.worst(correct)) == 0


def test_losses_worst_and_least_certain() -> None:
    some = predictions(np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.45, 0.55]]), [1, 1, 1, 1])
    assert some.losses == pytest.approx(-np.log([0.1, 0.4, 0.8, 0.55]))
    assert mistakes.worst(some).tolist() == [0, 1]
    assert mistakes.least_certain(some, 2).tolist() == [3, 1]
    table = mistakes.listed(some, mistakes.worst(some))
    assert table["example"].tolist() == ["0.png", "1.png"]
    assert table["predicted"].tolist() == ["class 0", "class 0"]
    assert table["p(predicted)"].tolist() == pytest.approx([0.9, 0.6])
    assert table["p(label)"].tolist() == pytest.approx([0.1, 0.4])


def test_loss_of_a_probability_of_0_is_finite() -> None:
    assert np.isfinite(predictions(np.eye(2), [1, 0]).losses).all()


def test_planted_wrong_label_is_doubted() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 50)
    probabilities = 0.5 * np.eye(3)[labels] + 0.5 * rng.dirichlet([2, 2, 2], 150)
    probabilities[7] = [0.01, 0.98, 0.01]  # labelled 0
    probabilities[60] = [0.45, 0.3, 0.25]  # a mistake, but with less confidence than usual for class 0
    assert mistakes.doubted_labels(predictions(probabilities, labels)).tolist() == [7]


def test_image_predicted_as_its_label_is_not_doubted() -> None:
    # The threshold of class 1 is 0.35. Image 2 exceeds it with 0.4, but class 0 is its label and its prediction.
    shares = np.array([[0.95, 0.05], [0.95, 0.05], [0.6, 0.4], [0.65, 0.35], [0.65, 0.35]])
    assert 2 not in mistakes.doubted_labels(predictions(shares, [0, 0, 0, 1, 1])).tolist()
