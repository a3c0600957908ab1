"""Mistakes found in answers made up for it."""

import numpy as np
import pytest

from bloodcells.evaluation import mistakes
from tests.evaluation.test_predictions import predictions


def test_confused_pairs_come_the_most_frequent_first() -> None:
    table = mistakes.confused_pairs(predictions(np.eye(3)[[1, 1, 0, 2, 0, 2, 2]], [0, 0, 0, 1, 1, 2, 2]))
    assert table.values.tolist() == [
        ["class 0", "class 1", 2, 2 / 3],
        ["class 1", "class 0", 1, 1 / 2],
        ["class 1", "class 2", 1, 1 / 2],
    ]


def test_no_mistakes_are_an_empty_table() -> None:
    right = predictions(np.eye(2), [0, 1])
    assert len(mistakes.confused_pairs(right)) == len(mistakes.worst(right)) == 0


def test_losses_worst_and_least_certain() -> None:
    found = predictions(np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.45, 0.55]]), [1, 1, 1, 1])
    assert found.losses == pytest.approx(-np.log([0.1, 0.4, 0.8, 0.55]))
    assert mistakes.worst(found).tolist() == [0, 1]
    assert mistakes.least_certain(found, 2).tolist() == [3, 1]
    table = mistakes.listed(found, mistakes.worst(found))
    assert table["example"].tolist() == ["0.png", "1.png"]
    assert table["probability of the label"].tolist() == pytest.approx([0.1, 0.4])


def test_a_probability_of_0_is_a_loss_that_is_a_number() -> None:
    assert np.isfinite(predictions(np.eye(2), [1, 0]).losses).all()


def test_a_planted_wrong_label_is_the_first_that_is_doubted() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 50)
    probabilities = 0.5 * np.eye(3)[labels] + 0.5 * rng.dirichlet([2, 2, 2], 150)
    probabilities[7] = [0.01, 0.98, 0.01]  # labelled 0
    probabilities[60] = [0.45, 0.3, 0.25]  # a mistake, but less sure than class 0 is on average
    assert mistakes.doubted_labels(predictions(probabilities, labels)).tolist() == [7]


def test_an_image_that_is_answered_its_label_is_not_doubted() -> None:
    # b's threshold is 0.35: the third image passes it, though a is its label and its answer.
    shares = np.array([[0.95, 0.05], [0.95, 0.05], [0.6, 0.4], [0.65, 0.35], [0.65, 0.35]])
    assert 2 not in mistakes.doubted_labels(predictions(shares, [0, 0, 0, 1, 1])).tolist()
