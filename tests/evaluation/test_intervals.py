"""Intervals against slow, independent computations."""

import numpy as np
import pytest
from scipy import stats

from bloodcells.evaluation import intervals as module
from bloodcells.evaluation.intervals import from_confusion, intervals, mean_interval, percentile
from bloodcells.evaluation.metrics import headline
from bloodcells.evaluation.predictions import Predictions
from tests.evaluation.test_predictions import predictions


@pytest.fixture
def answered() -> Predictions:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 4, 120)
    sure = np.round(rng.dirichlet(np.ones(4) * 0.5, 120), 1)  # rounded: many ties
    return predictions(sure * 0.6 + np.eye(4)[labels] * 0.4 * (rng.random((120, 1)) < 0.7), labels)


def drawn(found: Predictions, indices: np.ndarray) -> Predictions:
    return Predictions(
        found.class_names,
        found.splits,
        np.arange(len(indices)).astype(str),
        found.labels[indices],
        found.probabilities[indices],
    )


def test_they_are_the_middle_of_the_figures_of_images_drawn_anew(answered) -> None:
    rng = np.random.default_rng([7, 3])
    draws = [rng.integers(0, 120, 120) for _ in range(150)]
    slowly = [headline(drawn(answered, indices)) for indices in draws]
    for name, (low, high) in intervals(answered, 150, seed=7).items():
        expected = np.percentile([figures[name] for figures in slowly], [2.5, 97.5])
        assert [low, high] == pytest.approx(expected, abs=1e-12), name


def test_accuracys_is_that_of_scipys_bootstrap(answered) -> None:
    right = (answered.predicted == answered.labels).astype(float)
    reference = stats.bootstrap((right,), np.mean, n_resamples=20_000, method="percentile", rng=0).confidence_interval
    assert intervals(answered, 20_000, 0)["accuracy"] == pytest.approx(tuple(reference), abs=1.01 / 120)
    assert mean_interval(right, 20_000, 1) == pytest.approx(tuple(reference), abs=1.01 / 120)


def test_classes_that_are_neither_there_nor_answered_count_not() -> None:
    found = predictions(np.eye(4)[[0, 0, 1, 2]], [0, 0, 0, 1])
    counts = np.zeros((1, 4, 4), int)
    np.add.at(counts[0], (found.labels, found.predicted), 1)
    figures = from_confusion(counts)
    for name, value in figures.items():
        assert value[0] == pytest.approx(headline(found)[name]), name
    assert figures["macro_f1"][0] == pytest.approx((0.8 + 0 + 0) / 3)


def test_a_tiny_class_that_many_draws_miss_does_not_pull_the_interval_down() -> None:
    labels = np.repeat([0, 1, 2], [40, 40, 2])
    found = predictions(np.eye(3)[labels], labels)
    assert intervals(found, 300, 0)["macro_f1"] == (1, 1)


def test_two_classes_of_which_draws_may_lack_one_have_an_area_all_the_same() -> None:
    labels = np.repeat([0, 1], [3, 30])
    shares = np.random.default_rng(0).dirichlet([1, 1], 33)
    low, high = intervals(predictions(shares, labels), 300, 0)["roc_auc"]
    assert 0 <= low < high <= 1
    alone = intervals(predictions(shares[3:], [1] * 30), 100, 0)["roc_auc"]
    assert np.isnan(alone).all()


def test_how_many_draws_are_held_at_once_changes_nothing(answered, monkeypatch) -> None:
    whole = intervals(answered, 100, 0)
    monkeypatch.setattr(module, "AT_ONCE", 700)
    assert intervals(answered, 100, 0) == whole


def test_another_seed_draws_others(answered) -> None:
    assert intervals(answered, 100, 0) == intervals(answered, 100, 0)
    assert intervals(answered, 100, 0) != intervals(answered, 100, 1)


def test_percentiles_leave_a_fortieth_on_either_side() -> None:
    assert percentile(np.arange(1001) / 1000) == pytest.approx((0.025, 0.975))
    assert percentile(np.array([np.nan, 2.0])) == (2.0, 2.0)
