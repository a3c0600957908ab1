"""Bootstrap intervals against slow, independent computations."""

import numpy as np
import pytest
from scipy import stats

from bloodcells.evaluation import intervals as module
from bloodcells.evaluation.intervals import from_confusion, intervals, mean_interval, metric_interval, percentile
from bloodcells.evaluation.metrics import headline
from bloodcells.evaluation.predictions import Predictions
from tests.evaluation.test_predictions import predictions


@pytest.fixture
def noisy() -> Predictions:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 4, 120)
    shares = np.round(rng.dirichlet(np.ones(4) * 0.5, 120), 1)  # rounded: many ties
    return predictions(shares * 0.6 + np.eye(4)[labels] * 0.4 * (rng.random((120, 1)) < 0.7), labels)


def resampled(whole: Predictions, indices: np.ndarray) -> Predictions:
    return Predictions(
        whole.class_names,
        whole.splits,
        np.arange(len(indices)).astype(str),
        whole.labels[indices],
        whole.probabilities[indices],
    )


def test_intervals_are_percentiles_of_metrics_of_resampled_images(noisy) -> None:
    rng = np.random.default_rng([7, 3])
    draws = [rng.integers(0, 120, 120) for _ in range(150)]
    slowly = [headline(resampled(noisy, indices)) for indices in draws]
    for name, (low, high) in intervals(noisy, 150, seed=7).items():
        expected = np.percentile([metrics[name] for metrics in slowly], [2.5, 97.5])
        assert [low, high] == pytest.approx(expected, abs=1e-12), name


def test_interval_of_any_metric_uses_the_same_resamples(noisy) -> None:
    def accuracy(labels: np.ndarray, probabilities: np.ndarray) -> float:
        return float((probabilities.argmax(axis=1) == labels).mean())

    expected = intervals(noisy, 150, 7)["accuracy"]
    assert metric_interval(accuracy, noisy, resamples=150, seed=7) == pytest.approx(expected, abs=1e-12)


def test_interval_of_accuracy_agrees_with_scipy(noisy) -> None:
    right = (noisy.predicted == noisy.labels).astype(float)
    reference = stats.bootstrap((right,), np.mean, n_resamples=20_000, method="percentile", rng=0).confidence_interval
    assert intervals(noisy, 20_000, 0)["accuracy"] == pytest.approx(tuple(reference), abs=1.01 / 120)
    assert mean_interval(right, 20_000, 1) == pytest.approx(tuple(reference), abs=1.01 / 120)


def test_classes_without_images_and_predictions_are_ignored() -> None:
    some = predictions(np.eye(4)[[0, 0, 1, 2]], [0, 0, 0, 1])
    counts = np.zeros((1, 4, 4), int)
    np.add.at(counts[0], (some.labels, some.predicted), 1)
    metrics = from_confusion(counts)
    for name, value in metrics.items():
        assert value[0] == pytest.approx(headline(some)[name]), name
    assert metrics["macro_f1"][0] == pytest.approx((0.8 + 0 + 0) / 3)


def test_tiny_class_missing_from_many_resamples_does_not_lower_the_interval() -> None:
    labels = np.repeat([0, 1, 2], [40, 40, 2])
    correct = predictions(np.eye(3)[labels], labels)
    assert intervals(correct, 300, 0)["macro_f1"] == (1, 1)


def test_resamples_without_one_of_two_classes_are_ignored_for_roc_auc() -> None:
    labels = np.repeat([0, 1], [3, 30])
    shares = np.random.default_rng(0).dirichlet([1, 1], 33)
    low, high = intervals(predictions(shares, labels), 300, 0)["roc_auc"]
    assert 0 <= low < high <= 1
    alone = intervals(predictions(shares[3:], [1] * 30), 100, 0)["roc_auc"]
    assert np.isnan(alone).all()


def test_intervals_do_not_depend_on_the_number_of_draws_in_memory(noisy, monkeypatch) -> None:
    whole = intervals(noisy, 100, 0)
    monkeypatch.setattr(module, "AT_ONCE", 700)
    assert intervals(noisy, 100, 0) == whole


def test_intervals_depend_on_the_seed(noisy) -> None:
    assert intervals(noisy, 100, 0) == intervals(noisy, 100, 0)
    assert intervals(noisy, 100, 0) != intervals(noisy, 100, 1)


def test_percentile_leaves_a_fortieth_on_either_side() -> None:
    assert percentile(np.arange(1001) / 1000) == pytest.approx((0.025, 0.975))
    assert percentile(np.array([np.nan, 2.0])) == (2.0, 2.0)
