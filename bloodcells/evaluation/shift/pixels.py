"""Bytes again after a computation, and the two ways that a distortion can go."""

import numpy as np

EITHER_WAY = (-1.0, 1.0)  # the directions of one that has two


def rounded(values: np.ndarray) -> np.ndarray:
    """uint8 of the same shape: the nearest whole number in 0..255."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
