"""Differences between two configurations on the same test images: intervals, paired tests and their correction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special  # scipy.stats takes a second to import

from bloodcells.comparison.statistics import LEVEL, student
from bloodcells.evaluation.intervals import Interval

ALPHA = 0.05
FEW = 13  # up to this number of differing images, all sign flips are enumerated: 8192 at most


@dataclass(frozen=True)
class PairedDifference:
    """The difference between two configurations on the same test images, with its interval and significance.

    points: percentage points by which the first is better, with their 95% interval from `low` to `high`
    p: for these trained models, uncorrected
    corrected: p after Holm's correction; equal to `p` before `holm` is applied
    method: "exact McNemar", "clustered McNemar" or "clustered sign-flip"; images: number that both predict
    predictions: number of pairs of predictions, one per seed and image
    unpaired: number of predictions that only one of the two has
    seeds: number of seeds that both have
    """

    points: float
    low: float
    high: float
    p: float
    corrected: float
    method: str
    images: int
    predictions: int
    unpaired: int
    seeds: int

    def __neg__(self) -> "PairedDifference":
        """The difference between the second configuration and the first."""
        return replace(self, points=-self.points, low=-self.high, high=-self.low)

    @property
    def significant(self) -> bool:
        """Whether these trained models differ, at the 5% level after correction."""
        return self.corrected < ALPHA

    @property
    def clear(self) -> bool:
        """Whether the configurations differ: significantly, and by more than trainings with other seeds do."""
        return self.significant and self.seeds > 1 and not self.low <= 0 <= self.high

    def describe(self) -> str:
        """Such as "better by 2.3 points (1.1 to 3.5, p < 0.001)" or "no significant difference (+0.3 points, …)"."""
        p = "p < 0.001" if self.corrected < 0.001 else f"p = {self.corrected:.{3 if self.corrected < 0.1 else 2}f}"
        note = f", on the {self.predictions:,} predictions that both have" if self.unpaired else ""
        if not self.significant:
            points, low, high = (round(value, 1) + 0.0 for value in (self.points, self.low, self.high))  # without -0.0
            return f"no significant difference ({points:+.1f} points, {low:.1f} to {high:.1f}, {p}{note})"
        better = self if self.points > 0 else -self
        text = f"{'better' if better is self else 'worse'} by {better.points:.1f} points"
        interval = f"{round(better.low, 1) + 0.0:.1f} to {better.high:.1f}"
        if self.clear:
            return f"{text} ({interval}, {p}{note})"
        if self.seeds == 1:
            return f"{text} on these images ({interval}, {p}{note}); with one seed, training noise is unknown"
        return f"{text} on these images ({p}{note}), but not beyond the variation between seeds ({interval})"


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

    Each bound of the interval is the wider of two: over images, from the variance of the ratio of sum of d to the
    number of predictions (Cochran 1977, Sampling Techniques, section 6.4), and over seeds, Student's t.
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
    low, high = _interval(difference, both)
    return PairedDifference(
        points=points,
        low=low,
        high=high,
        p=p,
        corrected=p,
        method=method,
        images=int(both.any(axis=0).sum()),
        predictions=int(both.sum()),
        unpaired=int((np.isnan(first) != np.isnan(second)).sum()),
        seeds=int(both.any(axis=1).sum()),
    )


def _interval(difference: np.ndarray, both: np.ndarray) -> Interval:
    """The 95% interval of the mean difference in percentage points, see `paired_test`; both: which are not NaN."""
    counts, images = both.sum(axis=0), max(2, int(both.any(axis=0).sum()))
    mean = np.nansum(difference) / counts.sum()
    variance = images / (images - 1) * ((np.nansum(difference, axis=0) - mean * counts) ** 2).sum()
    half = special.ndtri((1 + LEVEL) / 2) * np.sqrt(variance) / counts.sum()
    low, high = mean - half, mean + half
    seeds = both.any(axis=1)
    if seeds.sum() > 1:
        by_seed = student(np.nanmean(difference[seeds], axis=1))
        low, high = min(low, by_seed[0]), max(high, by_seed[1])
    return 100 * max(-1.0, float(low)), 100 * min(1.0, float(high))


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


def differences(pairs: Sequence[tuple[int, int] | None], shares: Sequence[np.ndarray]) -> list[PairedDifference | None]:
    """The differences between pairs of rows, all corrected together; a pair that occurs twice is one test."""
    distinct = list(dict.fromkeys((min(pair), max(pair)) for pair in pairs if pair))
    tests = dict(zip(distinct, holm([paired_test(shares[one], shares[other]) for one, other in distinct]), strict=True))
    differences = []
    for pair in pairs:
        test = tests[min(pair), max(pair)] if pair else None
        differences.append(-test if test and pair and pair[0] > pair[1] else test)
    return differences
