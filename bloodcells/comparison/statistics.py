"""Statistics of a row: confidence intervals and the bootstrap over images."""

from dataclasses import dataclass

import numpy as np
from scipy import special  # scipy.stats takes a second to import

from bloodcells.comparison.runs import RunPredictions
from bloodcells.config.names import Metric
from bloodcells.evaluation.intervals import Interval

LEVEL = 0.95
RESAMPLES = 1000
SEED = 0


def wilson(correct: int, total: int) -> Interval:
    """Wilson's 95% interval of a share of independent trials.

    Wilson 1927, JASA 22, p. 209; recommended by Brown, Cai and DasGupta 2001.
    """
    p, z = correct / total, special.ndtri((1 + LEVEL) / 2)
    center, half = p + z**2 / (2 * total), z * np.sqrt(p * (1 - p) / total + z**2 / (4 * total**2))
    return max(0.0, float((center - half) / (1 + z**2 / total))), min(1.0, float((center + half) / (1 + z**2 / total)))


def student(values: np.ndarray) -> Interval:
    """Student's 95% interval of the mean of two or more independent, roughly normal values.

    Student 1908, Biometrika 6, p. 1.
    """
    half = special.stdtrit(len(values) - 1, (1 + LEVEL) / 2) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values) - half), float(np.mean(values) + half)


def overlap(first: Interval, second: Interval) -> bool:
    """Whether two closed intervals have a value in common."""
    return first[0] <= second[1] and second[0] <= first[1]


@dataclass(frozen=True)
class Resamples:
    """A cluster bootstrap over images; counts: float32 (images, resamples), how often each image is drawn.

    An image is drawn with all predictions for it, of every seed and for every distorted variant, since these are not
    independent. Davison and Hinkley 1997, Bootstrap Methods, section 3.8.
    """

    counts: np.ndarray

    @classmethod
    def draw(cls, images: int) -> "Resamples":
        """Draws resamples with a fixed seed, so that all configurations are evaluated on the same ones."""
        rng = np.random.default_rng(SEED)
        drawn = [np.bincount(rng.integers(images, size=images), minlength=images) for _ in range(RESAMPLES)]
        return cls(np.array(drawn, np.float32).T.copy())

    def metrics(self, predictions: RunPredictions, positions: np.ndarray) -> dict[str, np.ndarray]:
        """`weighted_metrics` on each resample; positions: int (n,), the rows of `counts` for the run's images."""
        return weighted_metrics(predictions, self.counts[positions])


def weighted_metrics(predictions: RunPredictions, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Accuracy, macro F1 and the accuracy on distorted variants by measure, each float64 (m,), in 0..1.

    weights: (n, m), m weightings of the n images. The F1 of a class is 2 TP / (labeled + predicted); a class that is
    neither labeled nor predicted is left out of the mean.
    """
    classes = np.arange(max(predictions.labels.max(), predictions.predicted.max()) + 1)
    labeled, predicted = predictions.labels[:, None] == classes, predictions.predicted[:, None] == classes
    shares = {Metric.TEST_ACCURACY: predictions.correct, **predictions.shares}
    columns = [np.ones_like(predictions.correct), *shares.values(), *(labeled & predicted).T]
    columns += list((labeled.astype(int) + predicted).T)
    sums = (np.array(columns, weights.dtype) @ weights).astype(float)
    total = np.maximum(sums[0], 1)  # a resample may contain no image of a small test split
    true_positives, both = sums[-2 * len(classes) : -len(classes)], sums[-len(classes) :]
    present = np.maximum((both > 0).sum(axis=0), 1)
    f1 = 2 * true_positives / np.maximum(both, 1)
    accuracies = {measure: sums[number] / total for number, measure in enumerate(shares, start=1)}
    return {**accuracies, Metric.TEST_MACRO_F1: f1.sum(axis=0) / present}
