"""Calibration: whether confidence matches accuracy, and temperature scaling to correct it.

Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar

from bloodcells.config.names import Metric
from bloodcells.evaluation.predictions import TINY, Predictions

TEMPERATURES = (0.05, 20.0)  # bounds


@dataclass(frozen=True)
class Reliability:
    """Predictions binned by confidence, the probability of the predicted class. Bin k is (edges[k], edges[k + 1]].

    edges: (bins + 1,); counts: int (bins,); confidence, accuracy: means (bins,), nan for an empty bin
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error in [0, 1]: mean |confidence - accuracy| over bins, weighted by count."""
        filled = self.counts > 0
        gaps = np.abs(self.confidence[filled] - self.accuracy[filled])
        return float((gaps * self.counts[filled]).sum() / self.counts.sum())


@dataclass(frozen=True)
class Calibration:
    """Reliability of test predictions before and after dividing their logits by `temperature`."""

    temperature: float
    before: Reliability
    after: Reliability

    @property
    def metrics(self) -> dict[str, float]:
        return {
            Metric.CALIBRATION_ERROR: self.before.error,
            Metric.TEMPERED_ERROR: self.after.error,
            Metric.TEMPERATURE: self.temperature,
        }


def calibrate(test: Predictions, validation: Predictions, bins: int) -> Calibration:
    """Fits a temperature on `validation` and measures the reliability of `test` in `bins` bins of equal width."""
    fitted = temperature(validation)
    return Calibration(fitted, reliability(test, bins), reliability(tempered(test, fitted), bins))


def reliability(predictions: Predictions, bins: int) -> Reliability:
    """Bins `predictions` by confidence, in `bins` bins of equal width."""
    confidence = predictions.probabilities.max(axis=1).astype(float)
    correct = predictions.predicted == predictions.labels
    edges = np.linspace(0, 1, bins + 1)
    # Compare as float32, the precision of the probabilities: in float64, a confidence of 0.6 would exceed the edge 0.6.
    # Clip, since rounding can lift a softmax slightly above 1.
    bin_of = np.searchsorted(edges.astype(np.float32), confidence.astype(np.float32), side="left") - 1
    bin_of = np.clip(bin_of, 0, bins - 1)
    counts = np.bincount(bin_of, minlength=bins)
    divisor = np.where(counts > 0, counts, np.nan)
    return Reliability(
        edges,
        counts,
        np.bincount(bin_of, confidence, minlength=bins) / divisor,
        np.bincount(bin_of, correct, minlength=bins) / divisor,
    )


def temperature(validation: Predictions) -> float:
    """The divisor of the logits that minimizes the cross-entropy of `validation`. Above 1: the model is overconfident.

    Bounded to [0.05, 20], because the optimum is 0 if every prediction is correct. Do not fit it on the images that
    it is evaluated on.
    """
    fitted = minimize_scalar(
        lambda log: tempered(validation, float(np.exp(log))).losses.mean(),
        bounds=np.log(TEMPERATURES),
        method="bounded",
    )
    return float(np.exp(fitted.x))


def tempered(predictions: Predictions, temperature: float) -> Predictions:
    """Predictions with their logits divided by `temperature`. The predicted classes stay the same."""
    # Softmax is invariant to adding a constant, so log probabilities serve as logits.
    logits = np.log(np.maximum(predictions.probabilities.astype(float), TINY)) / temperature
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return replace(predictions, probabilities=shares / shares.sum(axis=1, keepdims=True))
