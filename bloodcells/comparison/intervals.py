"""95% intervals: of a share, and of a mean over seeds."""

import numpy as np
from scipy import stats

from bloodcells.evaluation.intervals import Interval

LEVEL = 0.95


def wilson(correct: int, total: int) -> Interval:
    """Of a share of independent answers: Wilson 1927, JASA 22, p. 209. Brown, Cai and DasGupta 2001 recommend it."""
    found = stats.binomtest(correct, total).proportion_ci(LEVEL, method="wilson")
    return float(found.low), float(found.high)


def student(values: np.ndarray) -> Interval:
    """Of the mean of two or more independent values that are about normal: Student 1908, Biometrika 6, p. 1."""
    half = stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values) - half), float(np.mean(values) + half)


def overlap(first: Interval, second: Interval) -> bool:
    """Whether two intervals have a value in common."""
    return first[0] <= second[1] and second[0] <= first[1]
