"""Figures of merit from predictions, by scikit-learn."""

from sklearn.metrics import accuracy_score, classification_report, f1_score

from bloodcells.evaluation.predictions import Predictions


def headline(predictions: Predictions) -> dict[str, float]:
    """accuracy, and macro_f1: the mean of the classes' F1, each counting the same. Both in 0..1."""
    classes = range(len(predictions.class_names))
    return {
        "accuracy": float(accuracy_score(predictions.labels, predictions.predicted)),
        "macro_f1": float(
            f1_score(predictions.labels, predictions.predicted, labels=classes, average="macro", zero_division=0)
        ),
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
