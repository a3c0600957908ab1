"""Intervals and the bootstrap, compared with hand calculations, slow loops, SciPy and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from bloodcells.comparison.runs import RunPredictions
from bloodcells.comparison.statistics import (
    RESAMPLES,
    Resamples,
    overlap,
    student,
    weighted_metrics,
    wilson,
)
from bloodcells.config.names import Metric

CLEAN, MACRO_F1, COMPOSED = Metric.TEST_ACCURACY, Metric.TEST_MACRO_F1, Metric.COMPOSED_ACCURACY


def test_wilson_by_hand() -> None:
    low, high = wilson(588, 598)
    assert (round(low, 3), round(high, 3)) == (0.969, 0.991)
    p, n, z = 588 / 598, 598, 1.959964
    center, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert (low, high) == pytest.approx(((center - half) / (1 + z**2 / n), (center + half) / (1 + z**2 / n)), rel=1e-6)
    assert wilson(598, 598)[0] < 0.995


def test_student_by_hand() -> None:
    # mean 0.98, deviation 0.01, 2 degrees of freedom: 4.302653 * 0.01 / sqrt(3)
    assert student(np.array([0.97, 0.98, 0.99])) == pytest.approx((0.98 - 0.0248414, 0.98 + 0.0248414), abs=1e-6)


def test_overlap_includes_the_bounds() -> None:
    assert overlap((0.1, 0.2), (0.2, 0.3))
    assert overlap((0.1, 0.4), (0.2, 0.3))
    assert not overlap((0.1, 0.19), (0.2, 0.3))
    assert not overlap((0.4, 0.5), (0.2, 0.3))


def predictions(count: int, seed: int = 0, classes: int = 4) -> RunPredictions:
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes - 1, size=count)  # the last class has no image
    predicted = np.where(rng.uniform(size=count) < 0.8, labels, rng.integers(classes, size=count))
    shares = {COMPOSED: rng.uniform(size=count)}
    return RunPredictions(np.arange(count).astype(str), labels, predicted, shares, {}, {}, {})


def test_metrics_equal_those_of_scikit_learn() -> None:
    run = predictions(60)
    metrics = weighted_metrics(run, np.ones((60, 1)))
    assert metrics[CLEAN][0] == pytest.approx(accuracy_score(run.labels, run.predicted))
    expected = f1_score(run.labels, run.predicted, labels=range(4), average="macro", zero_division=0)
    assert metrics[MACRO_F1][0] == pytest.approx(expected)
    assert metrics[COMPOSED][0] == pytest.approx(run.shares[COMPOSED].mean())


def test_each_resample_equals_a_loop_over_the_drawn_images() -> None:
    run, positions = predictions(40), np.random.default_rng(1).permutation(50)[:40]
    resamples = Resamples.draw(50)
    assert resamples.counts.shape == (50, RESAMPLES)
    assert (resamples.counts.sum(axis=0) == 50).all()
    metrics = resamples.metrics(run, positions)
    for column in (0, 1, 500, 999):
        drawn = np.repeat(np.arange(40), resamples.counts[positions, column].astype(int))
        labels, predicted = run.labels[drawn], run.predicted[drawn]
        assert metrics[CLEAN][column] == pytest.approx(accuracy_score(labels, predicted), rel=1e-5)
        expected = f1_score(labels, predicted, average="macro", zero_division=0)
        assert metrics[MACRO_F1][column] == pytest.approx(expected, rel=1e-5)
        assert metrics[COMPOSED][column] == pytest.approx(run.shares[COMPOSED][drawn].mean(), rel=1e-5)


def test_standard_deviation_over_resamples_is_binomial() -> None:
    run = predictions(500)
    metrics = Resamples.draw(500).metrics(run, np.arange(500))
    p = run.correct.mean()
    assert metrics[CLEAN].std() == pytest.approx(np.sqrt(p * (1 - p) / 500), rel=0.1)


def test_resamples_are_reproducible() -> None:
    assert np.array_equal(Resamples.draw(30).counts, Resamples.draw(30).counts)
