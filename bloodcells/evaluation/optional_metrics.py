"""Metrics that a config can add to the headline metrics: `metric=[cohen_kappa,top_k_accuracy]`.

A new metric is a class here and an option in conf/metric/. It is computed on the test images, with a bootstrap
interval, for which it is called once per resample. Put slow imports, such as scikit-learn, into `__call__`: all
programs import this module to check their config.
"""

from dataclasses import dataclass

import numpy as np

from bloodcells.config.options import option
from bloodcells.config.schema.evaluation import OptionalMetric
from bloodcells.config.schema.ranges import within


@option("metric", "cohen_kappa")
@dataclass
class CohenKappa(OptionalMetric):
    """Agreement of predictions and labels beyond chance, in [-1, 1]; NaN if all are of one class.

    Cohen 1960, doi 10.1177/001316446002000104.
    """

    def __call__(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        count, classes = probabilities.shape
        pairs = np.bincount(labels * classes + probabilities.argmax(axis=1), minlength=classes**2)
        shares = pairs.reshape(classes, classes) / count
        agreement, by_chance = shares.trace(), shares.sum(axis=0) @ shares.sum(axis=1)
        return float((agreement - by_chance) / (1 - by_chance)) if by_chance < 1 else float("nan")


@option("metric", "top_k_accuracy")
@dataclass
class TopKAccuracy(OptionalMetric):
    """Share of images whose label is among the `k` most probable classes, in [0, 1]."""

    k: int = within("[1, inf)")

    def __call__(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        most_probable = np.argsort(-probabilities, axis=1, kind="stable")[:, : self.k]
        return float((most_probable == labels[:, None]).any(axis=1).mean())
