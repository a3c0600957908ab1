"""Abstention: which answers to give so that they have a target accuracy, decided without labels."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit


def answerable(certainty: np.ndarray, target: float) -> np.ndarray:
    """The largest set of answers, the most certain first, whose mean certainty reaches the target.

    certainty: P(correct) of each answer, float (n,); target: accuracy in (0, 1)
    Returns bool (n,). Answers of equal certainty are all given or all withheld.

    Example:
        >>> answerable(np.array([0.7, 0.99, 0.9]), 0.94)
        array([False,  True,  True])
    """
    levels, counts = np.unique(certainty, return_counts=True)
    levels, counts = levels[::-1], counts[::-1]
    means = np.cumsum(levels * counts) / np.cumsum(counts)  # falls from level to level
    reached = levels[means >= target - 1e-12]
    return certainty >= (reached[-1] if len(reached) else np.inf)


def shifted_to_mean(certainty: np.ndarray, mean: float) -> np.ndarray:
    """The probabilities, float (n,) in (0, 1), shifted in log-odds so that they have this mean; their order stays."""
    mean = float(np.clip(mean, 0.001, 0.999))
    odds = logit(certainty)
    shift = brentq(lambda shift: expit(odds + shift).mean() - mean, -20, 20)
    return expit(odds + shift)
