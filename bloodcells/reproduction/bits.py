"""Numbers compared bit by bit."""

import numpy as np


def differ(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Bool, of the shape that both have: where any bit is another; so -0 is not 0, and a NaN equals itself."""
    bits = f"u{first.dtype.itemsize}"
    return np.ascontiguousarray(first).view(bits) != np.ascontiguousarray(second).view(bits)


def distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """float64, of the shape that both have: how far apart; infinite where one of them is no number."""
    apart = np.abs(first.astype(np.float64) - second.astype(np.float64))
    return np.where(np.isnan(apart), np.inf, apart)
