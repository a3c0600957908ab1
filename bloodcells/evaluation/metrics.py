"""Metrics of predictions, computed with scikit-learn."""

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
    """The metrics that every run reports, each in [0, 1].

    accuracy
    balanced_accuracy: mean recall over classes
    macro_f1: mean F1 over classes; weighted_f1: the same, weighted by class size
    roc_auc: mean over classes of the area under the one-vs-rest ROC curve

    A class without images is ignored, except that it has an F1 of 0 if it is predicted.
    """
    labels, predicted = predictions.labels, predictions.predicted
    macro, weighted = (
        f1_score(labels, predicted, average=average, zero_division=0) for average in ("macro", "weighted")
    )
    areas = [area for area in _areas(predictions) if not np.isnan(area)]
    return {
        "accuracy": float(accuracy_score(labels, predicted)),
        "balanced_accuracy": balanced_accuracy(labels, predicted),
        "macro_f1": float(macro),
        "weighted_f1": float(weighted),
        "roc_auc": float(np.mean(areas)) if areas else float("nan"),
    }


def per_class(predictions: Predictions) -> str:
    """Precision, recall, F1 and support of each class, as text."""
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
    """One row per class: precision, recall, F1, ROC AUC, images. Without images, recall and ROC AUC are NaN."""
    names, labels = predictions.class_names, predictions.labels
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predictions.predicted, labels=range(len(names)), zero_division=0
    )
    recall = np.where(support > 0, recall, np.nan)
    columns = {"precision": precision, "recall": recall, "F1": f1, "ROC AUC": _areas(predictions)}
    return DataFrame({"class": names, **columns, "images": support})


def _areas(predictions: Predictions) -> list[float]:
    """Area under the one-vs-rest ROC curve of each class; NaN if no image or every image belongs to it."""
    return [
        float(roc_auc_score(predictions.labels == k, predictions.probabilities[:, k]))
        if 0 < np.sum(predictions.labels == k) < len(predictions.labels)
        else float("nan")
        for k in range(len(predictions.class_names))
    ]


def balanced_accuracy(labels: np.ndarray, predicted: np.ndarray) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about classes that are predicted but have no images
        return float(balanced_accuracy_score(labels, predicted))
