"""How far a figure of merit would move with other images of the same kind: the bootstrap.

The images are drawn anew, with replacement, many times; the middle 95% of what a figure then comes to is its interval.
Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13: the percentile method. It tells of the images,
not of what another training run would give.
"""

from collections.abc import Iterator

import numpy as np

from bloodcells.evaluation.predictions import Predictions

Interval = tuple[float, float]
AT_ONCE = 4_000_000  # draws held in memory


def intervals(predictions: Predictions, resamples: int, seed: int) -> dict[str, Interval]:
    """The 95% interval of each of `headline`'s figures."""
    classes, labels = len(predictions.class_names), predictions.labels
    cells = labels * classes + predictions.predicted
    found: dict[str, list[np.ndarray]] = {}
    for draws in _draws(len(labels), resamples, seed):
        rows = np.arange(len(draws))[:, None]
        counts = np.bincount((rows * classes**2 + cells[draws]).ravel(), minlength=len(draws) * classes**2)
        figures = from_confusion(counts.reshape(-1, classes, classes))
        weights = np.bincount((rows * len(labels) + draws).ravel(), minlength=draws.size).reshape(draws.shape)
        figures["roc_auc"] = _roc_auc(labels, predictions.probabilities, weights)
        for name, values in figures.items():
            found.setdefault(name, []).append(values)
    return {name: percentile(np.concatenate(values)) for name, values in found.items()}


def mean_interval(values: np.ndarray, resamples: int, seed: int) -> Interval:
    """The 95% interval of a mean over images; values: float (n,), one for each."""
    return percentile(np.concatenate([values[draws].mean(axis=1) for draws in _draws(len(values), resamples, seed)]))


def from_confusion(counts: np.ndarray) -> dict[str, np.ndarray]:
    """accuracy, balanced_accuracy, macro_f1 and weighted_f1 (r,) of r confusion matrices, int (r, true, predicted)."""
    right, true, answered = np.einsum("rkk->rk", counts), counts.sum(axis=2), counts.sum(axis=1)
    recall = right / np.maximum(true, 1)
    f1 = 2 * right / np.maximum(true + answered, 1)
    total = true.sum(axis=1)
    return {
        "accuracy": right.sum(axis=1) / total,
        "balanced_accuracy": recall.sum(axis=1) / (true > 0).sum(axis=1),  # a missing class's recall is 0 above
        "macro_f1": f1.sum(axis=1) / (true + answered > 0).sum(axis=1),
        "weighted_f1": (f1 * true).sum(axis=1) / total,
    }


def _draws(count: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng([seed, 3])
    step = max(1, AT_ONCE // count)
    for start in range(0, resamples, step):
        yield np.stack([rng.integers(0, count, count) for _ in range(min(step, resamples - start))])


def _roc_auc(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Float (r,): the classes' mean area under the ROC curve, where image i counts weights[r, i] times.

    The area is the chance that an image of the class is given a higher probability for it than one of another class,
    ties counting a half (Hanley and McNeil 1982).
    """
    areas = []
    for k in range(probabilities.shape[1]):
        order = np.argsort(probabilities[:, k], kind="stable")
        scores, counts = probabilities[order, k], weights[:, order]
        starts = np.flatnonzero(np.r_[True, scores[1:] != scores[:-1]])  # of each run of equal probabilities
        own = np.add.reduceat(counts * (labels[order] == k), starts, axis=1).astype(float)
        others = np.add.reduceat(counts * (labels[order] != k), starts, axis=1).astype(float)
        below = np.cumsum(others, axis=1) - others / 2
        pairs = own.sum(axis=1) * others.sum(axis=1)
        areas.append(np.where(pairs > 0, (own * below).sum(axis=1) / np.maximum(pairs, 1), np.nan))
    defined = ~np.isnan(areas)
    return np.where(defined.any(axis=0), np.nansum(areas, axis=0) / np.maximum(defined.sum(axis=0), 1), np.nan)


def percentile(resampled: np.ndarray) -> Interval:
    """The middle 95% of a figure's values over resamples; nan, where it has no value, counts not."""
    defined = resampled[~np.isnan(resampled)]
    if not len(defined):
        return float("nan"), float("nan")
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)
