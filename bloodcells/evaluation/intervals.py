"""Bootstrap intervals of metrics: how much they vary with the choice of test images.

Images are resampled with replacement; the interval is the middle 95% of the resampled values, the percentile method of
Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13. It says nothing about the variation between
training runs.
"""

from collections.abc import Callable, Iterator

import numpy as np

from bloodcells.evaluation.predictions import Predictions

Interval = tuple[float, float]
AT_ONCE = 4_000_000  # maximum number of drawn indices in memory


def intervals(predictions: Predictions, resamples: int, seed: int) -> dict[str, Interval]:
    """The 95% interval of each metric of `headline`, by its name."""
    classes, labels = len(predictions.class_names), predictions.labels
    cells = labels * classes + predictions.predicted
    resampled: dict[str, list[np.ndarray]] = {}
    for draws in _draws(len(labels), resamples, seed):
        rows = np.arange(len(draws))[:, None]
        counts = np.bincount((rows * classes**2 + cells[draws]).ravel(), minlength=len(draws) * classes**2)
        metrics = from_confusion(counts.reshape(-1, classes, classes))
        weights = np.bincount((rows * len(labels) + draws).ravel(), minlength=draws.size).reshape(draws.shape)
        metrics["roc_auc"] = _roc_auc(labels, predictions.probabilities, weights)
        for name, values in metrics.items():
            resampled.setdefault(name, []).append(values)
    return {name: percentile(np.concatenate(values)) for name, values in resampled.items()}


def metric_interval(
    metric: Callable[[np.ndarray, np.ndarray], float], predictions: Predictions, *, resamples: int, seed: int
) -> Interval:
    """The 95% interval of any metric, over the same resamples as those of `intervals`.

    metric: takes labels, int64 (n,), and probabilities, float32 (n, classes); called once per resample
    """
    labels, probabilities = predictions.labels, predictions.probabilities
    values = [
        metric(labels[indices], probabilities[indices])
        for draws in _draws(len(labels), resamples, seed)
        for indices in draws
    ]
    return percentile(np.array(values))


def mean_interval(values: np.ndarray, resamples: int, seed: int) -> Interval:
    """The 95% interval of the mean of `values`, float (n,), one per image."""
    return percentile(np.concatenate([values[draws].mean(axis=1) for draws in _draws(len(values), resamples, seed)]))


def from_confusion(counts: np.ndarray) -> dict[str, np.ndarray]:
    """The metrics accuracy, balanced_accuracy, macro_f1 and weighted_f1, each (r,), of r confusion matrices.

    counts: int (r, true class, predicted class)
    """
    correct, true, predicted = np.einsum("rkk->rk", counts), counts.sum(axis=2), counts.sum(axis=1)
    recall = correct / np.maximum(true, 1)
    f1 = 2 * correct / np.maximum(true + predicted, 1)
    total = true.sum(axis=1)
    return {
        "accuracy": correct.sum(axis=1) / total,
        "balanced_accuracy": recall.sum(axis=1) / (true > 0).sum(axis=1),  # a missing class adds a recall of 0
        "macro_f1": f1.sum(axis=1) / (true + predicted > 0).sum(axis=1),
        "weighted_f1": (f1 * true).sum(axis=1) / total,
    }


def _draws(count: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yields the indices of r resamples at a time, int (r, count). They depend on the arguments only."""
    rng = np.random.default_rng([seed, 3])
    step = max(1, AT_ONCE // count)
    for start in range(0, resamples, step):
        yield np.stack([rng.integers(0, count, count) for _ in range(min(step, resamples - start))])


def _roc_auc(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Float (r,): the mean one-vs-rest ROC AUC of r resamples, in which image i occurs weights[r, i] times.

    The area is the probability that an image of the class ranks above one of another class, ties counting one half
    (Hanley and McNeil 1982).
    """
    areas = []
    for k in range(probabilities.shape[1]):
        order = np.argsort(probabilities[:, k], kind="stable")
        scores, counts = probabilities[order, k], weights[:, order]
        starts = np.flatnonzero(np.r_[True, scores[1:] != scores[:-1]])  # of each run of equal probabilities
        positive = np.add.reduceat(counts * (labels[order] == k), starts, axis=1).astype(float)
        negative = np.add.reduceat(counts * (labels[order] != k), starts, axis=1).astype(float)
        below = np.cumsum(negative, axis=1) - negative / 2
        pairs = positive.sum(axis=1) * negative.sum(axis=1)
        areas.append(np.where(pairs > 0, (positive * below).sum(axis=1) / np.maximum(pairs, 1), np.nan))
    defined = ~np.isnan(areas)
    return np.where(defined.any(axis=0), np.nansum(areas, axis=0) / np.maximum(defined.sum(axis=0), 1), np.nan)


def percentile(resampled: np.ndarray) -> Interval:
    """The middle 95% of resampled values, ignoring nan, which marks a resample on which the metric is undefined."""
    defined = resampled[~np.isnan(resampled)]
    if not len(defined):
        return float("nan"), float("nan")
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)
