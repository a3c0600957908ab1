"""95% intervals: of a share, and of a mean over seeds."""

import numpy as np
from scipy import special  # its statistics take a second to import

from bloodcells.evaluation.intervals import Interval

LEVEL = 0.95


def wilson(correct: int, total: int) -> Interval:
    """Of a share of independent answers: Wilson 1927, JASA 22, p. 209. Brown, Cai and DasGupta 2001 recommend it."""
    p, z = correct / total, special.ndtri((1 + LEVEL) / 2)
    centre, half = p + z**2 / (2 * total), z * np.sqrt(p * (1 - p) / total + z**2 / (4 * total**2))
    return max(0.0, float((centre - half) / (1 + z**2 / total))), min(1.0, float((centre + half) / (1 + z**2 / total)))


def student(values: np.ndarray) -> Interval:
    """Of the mean of two or more independent values that are about normal: Student 1908, Biometrika 6, p. 1."""
    half = special.stdtrit(len(values) - 1, (1 + LEVEL) / 2) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values) - half), float(np.mean(values) + half)


def overlap(first: Interval, second: Interval) -> bool:
    """Whether two intervals have a value in common."""
    return first[0] <= second[1] and second[0] <= first[1]
