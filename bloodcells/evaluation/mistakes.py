"""Where a model fails: which classes it confuses, which images it gets most wrong, which labels it doubts."""

import numpy as np
from pandas import DataFrame

from bloodcells.evaluation.predictions import Predictions


def confused_pairs(predictions: Predictions) -> DataFrame:
    """A row for each class and what it was wrongly answered as, the most frequent first: images, share of the class."""
    names, labels, predicted = np.array(predictions.class_names), predictions.labels, predictions.predicted
    sizes = np.bincount(labels, minlength=len(names))
    wrong = labels != predicted
    pairs, counts = np.unique(np.stack([labels[wrong], predicted[wrong]], axis=1), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    pairs, counts = pairs[order], counts[order]
    return DataFrame(
        {
            "class": names[pairs[:, 0]],
            "taken for": names[pairs[:, 1]],
            "images": counts,
            "share of the class": counts / sizes[pairs[:, 0]],
        }
    )


def worst(predictions: Predictions) -> np.ndarray:
    """The indices of the wrong answers, the one with the highest loss first."""
    order = np.argsort(-predictions.losses, kind="stable")
    return order[predictions.predicted[order] != predictions.labels[order]]


def least_certain(predictions: Predictions, count: int) -> np.ndarray:
    """The indices of the `count` answers, right or wrong, that were given the lowest probability."""
    return np.argsort(predictions.probabilities.max(axis=1), kind="stable")[:count]


def doubted_labels(predictions: Predictions) -> np.ndarray:
    """The indices of images whose label may be wrong, the surest contradiction first.

    Those that are answered another class, with a probability no lower than the mean that images labelled so are given
    for it: the confident learning of Northcutt et al. 2021, arXiv:1911.00068, section 3.1.
    """
    labels, probabilities = predictions.labels, predictions.probabilities.astype(float)
    classes = probabilities.shape[1]
    thresholds = np.array(
        [probabilities[labels == k, k].mean() if (labels == k).any() else np.inf for k in range(classes)]
    )
    confident = np.where(probabilities >= thresholds, probabilities, 0.0)
    other = confident.argmax(axis=1)
    surety = confident.max(axis=1)
    order = np.argsort(-surety, kind="stable")
    doubted = (surety > 0) & (other != labels) & (other == predictions.predicted)
    return order[doubted[order]]


def listed(predictions: Predictions, indices: np.ndarray) -> DataFrame:
    """A row for each image at `indices`: its split and name, its label, the answer and both their probabilities."""
    names, predicted = np.array(predictions.class_names), predictions.predicted
    return DataFrame(
        {
            "split": predictions.splits[indices],
            "example": predictions.examples[indices],
            "label": names[predictions.labels[indices]],
            "answer": names[predicted[indices]],
            "probability of the answer": predictions.probabilities[indices, predicted[indices]],
            "probability of the label": predictions.probabilities[indices, predictions.labels[indices]],
            "loss": predictions.losses[indices],
        }
    )
