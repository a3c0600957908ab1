"""Figures of merit from predictions, by scikit-learn."""

import warnings

import numpy as np
from pandas import DataFrame
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    classification_report,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from bloodcells.evaluation.predictions import Predictions


def headline(predictions: Predictions) -> dict[str, float]:
    """The figures that stand for all, each in 0..1.

    accuracy; balanced_accuracy: the mean of the classes' recall; macro_f1: the mean of the classes' F1, each counting
    the same; weighted_f1: that by the classes' sizes; roc_auc: the mean over the classes of the area under the ROC
    curve of each against the rest. A class that no image has counts in none of them, but 0 in F1 where it is answered.
    """
    labels, predicted = predictions.labels, predictions.predicted
    macro, weighted = (
        f1_score(labels, predicted, average=average, zero_division=0) for average in ("macro", "weighted")
    )
    areas = [area for area in _areas(predictions) if not np.isnan(area)]
    return {
        "accuracy": float(accuracy_score(labels, predicted)),
        "balanced_accuracy": _balanced_accuracy(labels, predicted),
        "macro_f1": float(macro),
        "weighted_f1": float(weighted),
        "roc_auc": float(np.mean(areas)) if areas else float("nan"),
    }


def per_class(predictions: Predictions) -> str:
    """The table of precision, recall, F1 and support of each class, as text."""
    return str(
        classification_report(
            predictions.labels,
            predictions.predicted,
            labels=range(len(predictions.class_names)),
            target_names=predictions.class_names,
            digits=4,
            zero_division=0,
        )
    )


def class_table(predictions: Predictions) -> DataFrame:
    """The same with a row a class, as numbers, and the area under its ROC curve; nan where a class has no image."""
    names, labels = predictions.class_names, predictions.labels
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predictions.predicted, labels=range(len(names)), zero_division=0
    )
    recall = np.where(support > 0, recall, np.nan)
    figures = {"precision": precision, "recall": recall, "F1": f1, "ROC AUC": _areas(predictions)}
    return DataFrame({"class": names, **figures, "images": support})


def _areas(predictions: Predictions) -> list[float]:
    """The area under the ROC curve of each class against the rest; nan for one that no or every image is of."""
    return [
        float(roc_auc_score(predictions.labels == k, predictions.probabilities[:, k]))
        if 0 < np.sum(predictions.labels == k) < len(predictions.labels)
        else float("nan")
        for k in range(len(predictions.class_names))
    ]


def _balanced_accuracy(labels: np.ndarray, predicted: np.ndarray) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes that are answered but that no image has
        return float(balanced_accuracy_score(labels, predicted))
