"""Whether a model's confidence is what its accuracy bears out, and a temperature that mends it.

Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar

from bloodcells.evaluation.predictions import TINY, Predictions

TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True)
class Reliability:
    """Predictions in bins of confidence, the probability of the class answered; bin k holds (edges[k], edges[k + 1]].

    edges: (bins + 1,); counts: int (bins,); confidence, accuracy: means (bins,), nan where a bin is empty
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self) -> float:
        """The expected calibration error: the bins' mean gap of confidence and accuracy, by their counts. 0..1."""
        filled = self.counts > 0
        gaps = np.abs(self.confidence[filled] - self.accuracy[filled])
        return float((gaps * self.counts[filled]).sum() / self.counts.sum())


def reliability(predictions: Predictions, bins: int) -> Reliability:
    """`predictions` in `bins` bins of equal width."""
    confidence = predictions.probabilities.max(axis=1).astype(float)
    right = predictions.predicted == predictions.labels
    edges = np.linspace(0, 1, bins + 1)
    # Compared in the precision of the probabilities, or a confidence of 0.6 would lie beyond 0.6; and rounding can
    # carry a softmax past 1 by a hair.
    place = np.searchsorted(edges.astype(np.float32), confidence.astype(np.float32), side="left") - 1
    place = np.clip(place, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    divisor = np.where(counts > 0, counts, np.nan)
    return Reliability(
        edges,
        counts,
        np.bincount(place, confidence, minlength=bins) / divisor,
        np.bincount(place, right, minlength=bins) / divisor,
    )


def temperature(validation: Predictions) -> float:
    """The number above 0 by which to divide logits so that the validation images' cross-entropy is least.

    Above 1 the model was too sure of itself. Between 0.05 and 20, the ends standing for "no end to it": where every
    answer is right, surer is always better. Must be fitted on images that the figures after it are not taken from.
    """
    fitted = minimize_scalar(
        lambda log: tempered(validation, float(np.exp(log))).losses.mean(),
        bounds=np.log(TEMPERATURES),
        method="bounded",
    )
    return float(np.exp(fitted.x))


def tempered(predictions: Predictions, temperature: float) -> Predictions:
    """The same predictions with their logits divided by `temperature`; no answer changes."""
    # A softmax forgets a constant, so logarithms of probabilities do for logits.
    logits = np.log(np.maximum(predictions.probabilities.astype(float), TINY)) / temperature
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return replace(predictions, probabilities=shares / shares.sum(axis=1, keepdims=True))
