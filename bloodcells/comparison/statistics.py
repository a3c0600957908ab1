"""Statistics of a comparison: confidence intervals, the bootstrap over images, and paired tests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special  # scipy.stats takes a second to import

from bloodcells.comparison.runs import RunPredictions
from bloodcells.config.names import Metric
from bloodcells.evaluation.intervals import Interval

LEVEL = 0.95
RESAMPLES = 1000
SEED = 0
ALPHA = 0.05
FEW = 13  # up to this number of differing images, all sign flips are enumerated: 8192 at most


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


@dataclass(frozen=True)
class PairedDifference:
    """The difference between two configurations on the same test images, with its significance.

    points: percentage points by which the first is better; p: uncorrected
    corrected: p after Holm's correction; equal to `p` before `holm` is applied
    method: "exact McNemar", "clustered McNemar" or "clustered sign-flip"; images: number that both predict
    predictions: number of pairs of predictions, one per seed and image
    unpaired: number of predictions that only one of the two has
    seeds, same_sign: number of seeds that both have, and of those in which the difference has the overall sign
    """

    points: float
    p: float
    corrected: float
    method: str
    images: int
    predictions: int
    unpaired: int
    seeds: int
    same_sign: int

    @property
    def significant(self) -> bool:
        """At the 5% level, after correction."""
        return self.corrected < ALPHA

    def describe(self) -> str:
        """Such as "better by 2.3 points (p < 0.001)" or "no significant difference (+0.3 points, p = 0.41)"."""
        p = "p < 0.001" if self.corrected < 0.001 else f"p = {self.corrected:.{3 if self.corrected < 0.1 else 2}f}"
        note = f", on the {self.predictions:,} predictions that both have" if self.unpaired else ""
        if self.significant and self.same_sign < self.seeds:
            note += f", but only in {self.same_sign} of {self.seeds} seeds"
        if not self.significant:
            return f"no significant difference ({self.points:+.1f} points, {p}{note})"
        return f"{'better' if self.points > 0 else 'worse'} by {abs(self.points):.1f} points ({p}{note})"


def paired_test(first: np.ndarray, second: np.ndarray) -> PairedDifference | None:
    """Compares two configurations; None if they share no image of any seed.

    first, second: float (seeds, images), the share of an image's variants that are predicted correctly (1 or 0 for a
    single prediction); NaN if the image is not in the seed's test split. Both cover all seeds and images of a report.

    Let d be an image's difference, summed over seeds. If every d is -1, 0 or 1, the test is McNemar's exact test
    (McNemar 1947, Psychometrika 12, p. 153). Otherwise an image is a cluster of dependent predictions, and
    (sum of d)² / sum of d² is compared with chi-squared with one degree of freedom (Obuchowski 1998, Statistics in
    Medicine 17, p. 1495); for single predictions that is McNemar's approximation. It is anti-conservative if only a
    few images differ; then all flips of their signs are enumerated (Fisher 1935, The Design of Experiments,
    section 21).
    """
    difference = first - second
    both = ~np.isnan(difference)
    if not both.any():
        return None
    d = np.nansum(difference, axis=0)
    if np.isin(d, (-1, 0, 1)).all():
        method, wins, losses = "exact McNemar", int((d == 1).sum()), int((d == -1).sum())
        p = min(1.0, 2 * float(special.bdtr(min(wins, losses), wins + losses, 0.5)))
    elif np.count_nonzero(d) <= FEW:
        method, p = "clustered sign-flip", _sign_flip(d[d != 0])
    else:
        method, p = "clustered McNemar", float(special.chdtrc(1, d.sum() ** 2 / (d**2).sum()))
    points = 100 * float(d.sum()) / int(both.sum())
    by_seed = np.nansum(difference, axis=1)[both.any(axis=1)]
    return PairedDifference(
        points=points,
        p=p,
        corrected=p,
        method=method,
        images=int(both.any(axis=0).sum()),
        predictions=int(both.sum()),
        unpaired=int((np.isnan(first) != np.isnan(second)).sum()),
        seeds=len(by_seed),
        same_sign=int((np.sign(by_seed) == np.sign(points)).sum()),
    )


def _sign_flip(d: np.ndarray) -> float:
    """The share of all sign flips whose sum is at least as far from 0 as that of `d`."""
    flips = (np.arange(2 ** len(d))[:, None] >> np.arange(len(d)) & 1) * 2 - 1
    return float(np.mean(np.abs(flips @ d) >= abs(d.sum()) - 1e-9))


def holm(family: Sequence[PairedDifference | None]) -> list[PairedDifference | None]:
    """Corrects the p of a family of tests, ignoring None: Holm 1979, Scandinavian Journal of Statistics 6, p. 65."""
    tested = sorted(((test, k) for k, test in enumerate(family) if test), key=lambda pair: pair[0].p)
    corrected, least = list(family), 0.0
    for rank, (test, k) in enumerate(tested):
        least = max(least, min(1.0, (len(tested) - rank) * test.p))
        corrected[k] = replace(test, corrected=least)
    return corrected
