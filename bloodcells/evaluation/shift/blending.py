"""Rounding to uint8, blending, and the two directions of a distortion."""

import numpy as np

EITHER_WAY = (-1.0, 1.0)  # to choose a random sign from


def rounded(values: np.ndarray) -> np.ndarray:
    """Rounds to the nearest integer in 0..255; uint8 of the same shape."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def blended(image: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """`share` of `other` and the rest of `image`, both uint8 of one shape."""
    return rounded(image + np.float32(share) * (other.astype(np.float32) - image))
