"""Optional metrics: their values, and how a config chooses them."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, top_k_accuracy_score

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.options import options
from bloodcells.evaluation.metrics import headline
from bloodcells.evaluation.optional_metrics import CohenKappa, TopKAccuracy
from tests.conftest import composed
from tests.evaluation.test_predictions import predictions

SHARES = np.random.default_rng(0).dirichlet([1, 1, 1, 1], 60)
LABELS = np.random.default_rng(1).integers(0, 4, 60)


def test_cohen_kappa_is_agreement_beyond_chance() -> None:
    shares = np.eye(2)[[0] * 25 + [1] * 25]
    labels = np.array([0] * 20 + [1] * 5 + [0] * 10 + [1] * 15)
    assert CohenKappa()(labels, shares) == pytest.approx((0.7 - 0.5) / (1 - 0.5))  # agreement 35/50, by chance 1/2
    assert CohenKappa()(LABELS, SHARES) == pytest.approx(cohen_kappa_score(LABELS, SHARES.argmax(axis=1)))
    assert np.isnan(CohenKappa()(np.zeros(3, int), np.eye(2)[[0, 0, 0]]))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_top_k_accuracy_agrees_with_scikit_learn(k) -> None:
    assert TopKAccuracy(k)(LABELS, SHARES) == top_k_accuracy_score(LABELS, SHARES, k=k)


def test_top_k_accuracy_of_all_classes_and_of_two() -> None:
    assert TopKAccuracy(9)(LABELS, SHARES) == 1
    assert TopKAccuracy(1)(np.array([0, 1]), np.array([[0.6, 0.4], [0.6, 0.4]])) == 0.5


def test_config_chooses_metrics_and_their_settings() -> None:
    assert composed().evaluation.metric == {}
    chosen = composed("metric=[top_k_accuracy,cohen_kappa]", "evaluation.metric.top_k_accuracy.k=3").evaluation.metric
    assert chosen == {"cohen_kappa": CohenKappa(), "top_k_accuracy": TopKAccuracy(3)}
    with pytest.raises(InputError, match=r"evaluation\.metric\.top_k_accuracy\.k=0: expected a number in \[1, inf\)"):
        composed("metric=top_k_accuracy", "evaluation.metric.top_k_accuracy.k=0")


def test_every_metric_has_an_option_and_a_name_of_its_own() -> None:
    files = {file.stem for file in (CHECKOUT / "conf" / "metric").glob("*.yaml")}
    assert files == {"none", *options("metric")}
    assert not set(options("metric")) & set(headline(predictions(np.eye(2), [0, 1])))
