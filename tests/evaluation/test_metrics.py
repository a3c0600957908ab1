"""Metrics against numbers computed by hand and against other functions of scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import classification_report, roc_auc_score

from bloodcells.evaluation.metrics import class_table, headline, per_class
from tests.evaluation.test_predictions import predictions


def test_headline_metrics_by_hand() -> None:
    # true 0 0 0 1 1 2, predicted 0 0 1 1 2 2: 4 of 6. F1: 2*1*2/3/(1+2/3) = 0.8; 0.5; precision 1/2, recall 1: 2/3
    metrics = headline(predictions(np.eye(3)[[0, 0, 1, 1, 2, 2]], [0, 0, 0, 1, 1, 2]))
    assert metrics["accuracy"] == pytest.approx(4 / 6)
    assert metrics["macro_f1"] == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)
    assert metrics["weighted_f1"] == pytest.approx((3 * 0.8 + 2 * 0.5 + 2 / 3) / 6)
    assert metrics["balanced_accuracy"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    # ROC AUC: share of (positive, negative) pairs ranked correctly, ties counting one half.
    # Class 0: 9 pairs, 6 correct, 3 tied. Class 1: 8 pairs, 3 correct, 4 tied. Class 2: 5 pairs, 4 correct, 1 tied.
    assert metrics["roc_auc"] == pytest.approx(np.mean([7.5 / 9, (3 + 2) / 8, 4.5 / 5]))


def test_headline_metrics_agree_with_scikit_learns_report() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 5, 300)
    shares = rng.dirichlet(np.ones(5), 300) + np.eye(5)[labels] * rng.random((300, 1))
    shares /= shares.sum(axis=1, keepdims=True)
    some = predictions(shares, labels)
    report = classification_report(some.labels, some.predicted, output_dict=True)
    metrics = headline(some)
    assert metrics["accuracy"] == report["accuracy"]
    assert metrics["macro_f1"] == pytest.approx(report["macro avg"]["f1-score"], abs=1e-12)
    assert metrics["weighted_f1"] == pytest.approx(report["weighted avg"]["f1-score"], abs=1e-12)
    assert metrics["balanced_accuracy"] == pytest.approx(report["macro avg"]["recall"], abs=1e-12)
    assert metrics["roc_auc"] == pytest.approx(roc_auc_score(labels, shares, multi_class="ovr"), abs=1e-6)


def test_class_without_images_has_an_f1_of_0_if_predicted_and_is_ignored_otherwise() -> None:
    metrics = headline(predictions(np.eye(3)[[0, 0, 1]], [0, 0, 0]))
    assert metrics["macro_f1"] == pytest.approx(0.8 / 2)
    assert metrics["balanced_accuracy"] == pytest.approx(2 / 3)
    assert np.isnan(metrics["roc_auc"])  # undefined: all images are of one class


def test_report_names_and_counts_every_class() -> None:
    table = per_class(predictions(np.eye(3)[[0, 1, 2, 2]], [0, 1, 2, 2])).splitlines()
    assert [line.split()[-1] for line in table if "class" in line] == ["1", "1", "2"]


def test_class_table() -> None:
    table = class_table(predictions(np.array([[0.6, 0.4], [0.3, 0.7], [0.2, 0.8]]), [0, 0, 1]))
    assert table["class"].tolist() == ["class 0", "class 1"]
    assert table["precision"].tolist() == [1, 0.5]
    assert table["recall"].tolist() == [0.5, 1]
    assert table["F1"].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert table["ROC AUC"].tolist() == [1, 1]
    assert table["images"].tolist() == [2, 1]
