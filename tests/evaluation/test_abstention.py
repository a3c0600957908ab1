"""Abstention on answers whose accuracy is known."""

import numpy as np
import pytest

from bloodcells.evaluation.abstention import answerable, shifted_to_mean


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (0.96, [0, 0, 0, 1, 0]),
        (0.95, [1, 0, 0, 1, 0]),  # (0.99 + 0.91) / 2
        (0.9, [1, 0, 0, 1, 0]),  # the two of 0.7 are given together or not at all: (1.9 + 1.4) / 4 = 0.825
        (0.82, [1, 1, 1, 1, 0]),
        (0.7, [1, 1, 1, 1, 1]),
        (0.995, [0, 0, 0, 0, 0]),
    ],
)
def test_the_largest_set_that_reaches_the_target_is_answered(target, expected) -> None:
    certainty = np.array([0.91, 0.7, 0.7, 0.99, 0.3])
    assert answerable(certainty, target).tolist() == [bool(value) for value in expected]


def test_calibrated_answers_have_the_target_accuracy() -> None:
    rng = np.random.default_rng(0)
    certainty = rng.uniform(0.3, 1, 100_000)
    correct = rng.random(100_000) < certainty
    answered = answerable(certainty, 0.8)
    assert correct[answered].mean() == pytest.approx(0.8, abs=0.01)
    assert answered.mean() == pytest.approx(0.4 / 0.7, abs=0.01)  # uniform from 0.6 to 1 has the mean 0.8


@pytest.mark.parametrize("mean", [0.2, 0.5, 0.9, 1.0])
def test_a_shift_sets_the_mean_and_keeps_the_order(mean) -> None:
    certainty = np.array([0.2, 0.9, 0.5, 0.5])
    shifted = shifted_to_mean(certainty, mean)
    assert shifted.mean() == pytest.approx(min(mean, 0.999))
    assert np.argsort(shifted, kind="stable").tolist() == [0, 2, 3, 1]
    odds = np.log(shifted / (1 - shifted)) - np.log(certainty / (1 - certainty))
    assert odds == pytest.approx(np.full(4, odds[0]))
