"""Errors under the corruptions of MedMNIST-C, relative to those of AlexNet.

Di Salvo et al. 2024, arXiv:2406.17536, after the corruption errors of Hendrycks and Dietterich 2019, arXiv:1903.12261.
"""

import numpy as np
from pandas import DataFrame

from bloodcells.evaluation.metrics import balanced_accuracy
from bloodcells.evaluation.shift.medmnist_c import ALEXNET, ALEXNET_CLEAN
from bloodcells.evaluation.shift.suite import Shifted


def balanced_errors(shifted: Shifted, clean: float) -> DataFrame:
    """One row per corruption: error by severity, their mean, AlexNet's, and the two ratios BE and rBE.

    shifted: for the catalogue CORRUPTIONS, at all severities; clean: error on undistorted images
    An error is 1 - balanced accuracy. BE is the mean error over AlexNet's. rBE is the same after the error of either
    network on undistorted images is subtracted. Both are 1 for AlexNet. Their means over the corruptions are the scores
    of the benchmark.
    """
    rows: list[dict[str, str | float]] = []
    for name, predicted in zip(shifted.catalogue, shifted.predicted, strict=True):
        errors = [1 - balanced_accuracy(shifted.labels, classes) for classes in predicted]
        mean, alexnet = float(np.mean(errors)), ALEXNET[name]
        by_severity = {str(severity): error for severity, error in zip(shifted.severities, errors, strict=True)}
        ratios = {"BE": mean / alexnet, "rBE": (mean - clean) / (alexnet - ALEXNET_CLEAN)}
        rows.append({"corruption": name, **by_severity, "mean": mean, "AlexNet": alexnet, **ratios})
    return DataFrame(rows)
