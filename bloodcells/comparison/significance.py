"""Whether two configurations differ: a paired test on the same test images, corrected for their number."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

ALPHA = 0.05
FEW = 13  # differing images up to which all flips of signs are counted, 8,192 at the most


@dataclass(frozen=True)
class Difference:
    """How much better the first of two is, and whether that may be chance.

    points: percentage points; p: uncorrected; corrected: p by Holm, the same until `holm` has seen the whole family
    method: "exact McNemar", "clustered McNemar" or "clustered sign-flip"; images: how many were answered by both
    answers, unpaired: pairs of answers, one a seed and image, and answers for which the other has none
    seeds, alike: how many seeds both have, and in how many of them the difference has the same sign as over all
    """

    points: float
    p: float
    corrected: float
    method: str
    images: int
    answers: int
    unpaired: int
    seeds: int
    alike: int

    @property
    def significant(self) -> bool:
        """At 5%, after correction."""
        return self.corrected < ALPHA

    def describe(self) -> str:
        """Such as "better by 2.3 points (p < 0.001)" or "no significant difference (0.3 points, p = 0.41)"."""
        p = "p < 0.001" if self.corrected < 0.001 else f"p = {self.corrected:.{3 if self.corrected < 0.1 else 2}f}"
        some = f", on the {self.answers:,} answers both gave" if self.unpaired else ""
        if self.significant and self.alike < self.seeds:
            some += f", yet only in {self.alike} of {self.seeds} seeds"
        if not self.significant:
            return f"no significant difference ({self.points:+.1f} points, {p}{some})"
        return f"{'better' if self.points > 0 else 'worse'} by {abs(self.points):.1f} points ({p}{some})"


def paired(first: np.ndarray, second: np.ndarray) -> Difference | None:
    """Compares two configurations; None where they have no image of a seed in common.

    first, second: float (seeds, images), the share of an image's variants that was answered right (1 or 0 for a single
    answer), NaN where an image is not among a seed's test images. Seeds and images are those of all configurations.

    d is an image's difference, summed over seeds. If every d is -1, 0 or 1, McNemar's exact test (McNemar 1947,
    Psychometrika 12, p. 153): of the images on which they differ, half should fall to either side. Otherwise an image
    stands for several dependent answers: (sum of d)² / sum of d² against chi-squared with one degree of freedom,
    Obuchowski 1998, Statistics in Medicine 17, p. 1495; with single answers that is McNemar's own approximation. Where
    few images differ it is too sure, and every way to flip their signs is counted instead (Fisher 1935, The Design of
    Experiments, section 21).
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
    unpaired = int((np.isnan(first) != np.isnan(second)).sum())
    points = 100 * float(d.sum()) / int(both.sum())
    by_seed = np.nansum(difference, axis=1)[both.any(axis=1)]
    alike = int((np.sign(by_seed) == np.sign(points)).sum())
    images, answers = int(both.any(axis=0).sum()), int(both.sum())
    return Difference(points, p, p, method, images, answers, unpaired, len(by_seed), alike)


def _sign_flip(d: np.ndarray) -> float:
    """The share of all flips of the differences' signs whose sum is as far from 0 as theirs, or farther."""
    flips = (np.arange(2 ** len(d))[:, None] >> np.arange(len(d)) & 1) * 2 - 1
    return float(np.mean(np.abs(flips @ d) >= abs(d.sum()) - 1e-9))


def holm(family: Sequence[Difference | None]) -> list[Difference | None]:
    """The same with `corrected`: Holm 1979, Scandinavian Journal of Statistics 6, p. 65; None stays and counts not."""
    tested = sorted(((found, k) for k, found in enumerate(family) if found), key=lambda pair: pair[0].p)
    corrected, least = list(family), 0.0
    for rank, (found, k) in enumerate(tested):
        least = max(least, min(1.0, (len(tested) - rank) * found.p))
        corrected[k] = replace(found, corrected=least)
    return corrected
