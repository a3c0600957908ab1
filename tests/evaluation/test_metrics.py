"""Figures of merit against scikit-learn, by another way than the code's."""

import numpy as np
import pytest
from sklearn.metrics import classification_report, roc_auc_score

from bloodcells.evaluation.metrics import class_table, headline, per_class
from tests.evaluation.test_predictions import predictions


def test_headline_figures_worked_out_by_hand() -> None:
    # true 0 0 0 1 1 2, predicted 0 0 1 1 2 2: 4 of 6. F1: 2*1*2/3/(1+2/3) = 0.8; 0.5; precision 1/2, recall 1: 2/3
    found = headline(predictions(np.eye(3)[[0, 0, 1, 1, 2, 2]], [0, 0, 0, 1, 1, 2]))
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["macro_f1"] == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)
    assert found["weighted_f1"] == pytest.approx((3 * 0.8 + 2 * 0.5 + 2 / 3) / 6)
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    # class 0: of 3 x 3 pairs of an own and another image 6 are told apart and 3 tied; class 1: 4 + 3 / 2 of 8 tied
    # or apart: own (0, 1), others (0, 0, 1, 0): 3 apart, 1 + 3 ties; class 2: own (1), others (0, 0, 0, 0, 1)
    assert found["roc_auc"] == pytest.approx(np.mean([7.5 / 9, (3 + 2) / 8, 4.5 / 5]))


def test_many_random_answers_agree_with_scikit_learns_report() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 5, 300)
    shares = rng.dirichlet(np.ones(5), 300) + np.eye(5)[labels] * rng.random((300, 1))
    shares /= shares.sum(axis=1, keepdims=True)
    found = predictions(shares, labels)
    report = classification_report(found.labels, found.predicted, output_dict=True)
    figures = headline(found)
    assert figures["accuracy"] == report["accuracy"]
    assert figures["macro_f1"] == pytest.approx(report["macro avg"]["f1-score"], abs=1e-12)
    assert figures["weighted_f1"] == pytest.approx(report["weighted avg"]["f1-score"], abs=1e-12)
    assert figures["balanced_accuracy"] == pytest.approx(report["macro avg"]["recall"], abs=1e-12)
    assert figures["roc_auc"] == pytest.approx(roc_auc_score(labels, shares, multi_class="ovr"), abs=1e-6)


def test_a_class_that_no_image_has_counts_0_in_f1_where_it_is_answered_and_nowhere_else() -> None:
    found = headline(predictions(np.eye(3)[[0, 0, 1]], [0, 0, 0]))
    assert found["macro_f1"] == pytest.approx(0.8 / 2)
    assert found["balanced_accuracy"] == pytest.approx(2 / 3)
    assert np.isnan(found["roc_auc"])  # all images are of one class: nothing to tell apart


def test_the_table_of_classes_names_them_and_counts_all() -> None:
    table = per_class(predictions(np.eye(3)[[0, 1, 2, 2]], [0, 1, 2, 2])).splitlines()
    assert [line.split()[-1] for line in table if "class" in line] == ["1", "1", "2"]


def test_the_same_table_as_numbers() -> None:
    table = class_table(predictions(np.array([[0.6, 0.4], [0.3, 0.7], [0.2, 0.8]]), [0, 0, 1]))
    assert table["class"].tolist() == ["class 0", "class 1"]
    assert table["precision"].tolist() == [1, 0.5]
    assert table["recall"].tolist() == [0.5, 1]
    assert table["F1"].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert table["ROC AUC"].tolist() == [1, 1]
    assert table["images"].tolist() == [2, 1]
