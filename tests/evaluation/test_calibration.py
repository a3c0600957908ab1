"""Calibration errors computed by hand, and a known temperature."""

import numpy as np
import pytest

from bloodcells.evaluation.calibration import reliability, temperature, tempered
from bloodcells.evaluation.predictions import Predictions
from tests.evaluation.test_predictions import predictions


def binary(confidence: list[float], right: list[bool]) -> Predictions:
    """Predictions of class 0 of two, each with its confidence, right or wrong."""
    probabilities = np.array([[share, 1 - share] for share in confidence])
    return predictions(probabilities, [0 if hit else 1 for hit in right])


def test_expected_calibration_error_by_hand() -> None:
    # Five bins. (0.4, 0.6]: 0.55 right, 0.6 wrong: mean 0.575 against 0.5. (0.6, 0.8]: 0.7 right: 0.3 off.
    # (0.8, 1]: 0.9, 0.9 right, 1.0 wrong: mean 2.8 / 3 against 2 / 3. 2/6 * 0.075 + 1/6 * 0.3 + 3/6 * 0.8 / 3 = 0.2083
    bins = reliability(binary([0.55, 0.6, 0.7, 0.9, 0.9, 1.0], [True, False, True, True, True, False]), 5)
    assert bins.counts.tolist() == [0, 0, 2, 1, 3]
    assert bins.accuracy[2:] == pytest.approx([0.5, 1.0, 2 / 3])
    assert bins.confidence[2:] == pytest.approx([0.575, 0.7, 2.8 / 3])
    assert bins.error == pytest.approx(0.025 + 0.05 + 0.4 / 3)


def test_confidence_equal_to_accuracy_has_no_error() -> None:
    assert reliability(binary([0.75] * 4, [True, True, True, False]), 10).error == pytest.approx(0)


def test_known_temperature_is_recovered() -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 2, (20_000, 4))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (rng.random((20_000, 1)) > true.cumsum(axis=1)).sum(axis=1).clip(max=3)
    sharp = np.exp(2.5 * logits) / np.exp(2.5 * logits).sum(axis=1, keepdims=True)  # overconfident by a factor of 2.5
    fitted = temperature(predictions(sharp, labels))
    assert fitted == pytest.approx(2.5, rel=0.05)
    corrected = tempered(predictions(sharp, labels), fitted)
    assert np.allclose(corrected.probabilities, true, atol=0.02)
    assert reliability(corrected, 15).error < 0.01 < reliability(predictions(sharp, labels), 15).error


def test_temperature_keeps_predicted_classes_and_sums() -> None:
    before = predictions(np.random.default_rng(0).dirichlet([0.1] * 5, 100), [0] * 100)
    for degree in (0.2, 1, 7):
        after = tempered(before, degree)
        assert np.array_equal(after.predicted, before.predicted)
        assert after.probabilities.sum(axis=1) == pytest.approx(1)
    assert np.allclose(tempered(before, 1).probabilities, before.probabilities, atol=1e-6)


def test_temperature_is_bounded_where_every_prediction_is_correct() -> None:
    assert 0.04 < temperature(binary([0.9, 0.8], [True, True])) < 0.06
