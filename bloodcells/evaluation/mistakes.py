"""Error analysis: confused classes, the worst and the least certain predictions, and labels that may be wrong."""

from dataclasses import dataclass

import numpy as np
from pandas import DataFrame

from bloodcells.evaluation.predictions import Predictions

SHOWN = 16  # images in one figure


@dataclass(frozen=True)
class Mistakes:
    """Indices of images to look at, the most striking first.

    worst, least_certain: int (k,), into the test predictions; doubted_labels: int (k,), into all predictions
    """

    worst: np.ndarray
    least_certain: np.ndarray
    doubted_labels: np.ndarray

    def tables(self, predictions: Predictions) -> dict[str, DataFrame]:
        """Tables by file name; `predictions` are those passed to `find_mistakes`."""
        test = predictions.of("test")
        return {
            "mistakes/confused_pairs.csv": confused_pairs(test),
            "mistakes/worst.csv": listed(test, self.worst),
            "mistakes/least_certain.csv": listed(test, self.least_certain),
            "mistakes/doubted_labels.csv": listed(predictions, self.doubted_labels),
        }


def find_mistakes(predictions: Predictions) -> Mistakes:
    """Finds wrong and uncertain predictions for the test images, and doubtful labels in all splits."""
    test = predictions.of("test")
    return Mistakes(worst(test), least_certain(test, SHOWN), doubted_labels(predictions))


def confused_pairs(predictions: Predictions) -> DataFrame:
    """One row per confused pair of classes, most frequent first: number of images and share of the true class."""
    names, labels, predicted = np.array(predictions.class_names), predictions.labels, predictions.predicted
    sizes = np.bincount(labels, minlength=len(names))
    wrong = labels != predicted
    pairs, counts = np.unique(np.stack([labels[wrong], predicted[wrong]], axis=1), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    pairs, counts = pairs[order], counts[order]
    return DataFrame(
        {
            "class": names[pairs[:, 0]],
            "predicted as": names[pairs[:, 1]],
            "images": counts,
            "share of class": counts / sizes[pairs[:, 0]],
        }
    )


def worst(predictions: Predictions) -> np.ndarray:
    """Indices of the wrong predictions, highest loss first."""
    order = np.argsort(-predictions.losses, kind="stable")
    return order[predictions.predicted[order] != predictions.labels[order]]


def least_certain(predictions: Predictions, count: int) -> np.ndarray:
    """Indices of the `count` predictions with the lowest confidence, correct or not, lowest first."""
    return np.argsort(predictions.probabilities.max(axis=1), kind="stable")[:count]


def doubted_labels(predictions: Predictions) -> np.ndarray:
    """Indices of images whose label may be wrong, most confident first.

    An image qualifies if another class is predicted, with at least the mean probability of that class over the images
    labeled as that class: confident learning, Northcutt et al. 2021, arXiv:1911.00068, section 3.1.
    """
    labels, probabilities = predictions.labels, predictions.probabilities.astype(float)
    classes = probabilities.shape[1]
    thresholds = np.array(
        [probabilities[labels == k, k].mean() if (labels == k).any() else np.inf for k in range(classes)]
    )
    confident = np.where(probabilities >= thresholds, probabilities, 0.0)
    other, confidence = confident.argmax(axis=1), confident.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    doubted = (confidence > 0) & (other != labels) & (other == predictions.predicted)
    return order[doubted[order]]


def listed(predictions: Predictions, indices: np.ndarray) -> DataFrame:
    """One row per image at `indices`: split, name, label, predicted class, both probabilities and loss."""
    names, predicted = np.array(predictions.class_names), predictions.predicted
    return DataFrame(
        {
            "split": predictions.splits[indices],
            "example": predictions.examples[indices],
            "label": names[predictions.labels[indices]],
            "predicted": names[predicted[indices]],
            "p(predicted)": predictions.probabilities[indices, predicted[indices]],
            "p(label)": predictions.probabilities[indices, predictions.labels[indices]],
            "loss": predictions.losses[indices],
        }
    )
