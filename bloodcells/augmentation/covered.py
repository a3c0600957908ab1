"""Covers parts of images: a rectangle (cutout), or squares of a regular grid (GridMask)."""

import numpy as np


def covered(
    pixels: np.ndarray, uniforms: np.ndarray, *, chance: float, cutout: float, period: float, ratio: float
) -> np.ndarray:
    """Covers a rectangle of each image, and squares of a grid of each, both with probability `chance`.

    pixels: uint8 (b, h, w, 3); uniforms: float64 (b, 10) in [0, 1); the others: the limits, as in `variety.Covered`.
    Returns new images of the same shape and type. What is covered has one random color. Parts beyond the edges are cut
    off. DeVries and Taylor 2017, arXiv:1708.04552; Chen et al. 2020, arXiv:2001.04086.
    """
    height, width = pixels.shape[1:3]
    result = pixels.copy()
    for i, drawn in enumerate(uniforms):
        color = (256 * (drawn[7:10])).astype(np.uint8)
        if drawn[0] < chance:
            sides = cutout * drawn[2:4] * (height, width)
            top, left = drawn[5:7] * (height, width) - sides / 2
            rows, columns = _between(height, top, sides[0]), _between(width, left, sides[1])
            result[i][np.ix_(rows, columns)] = color
        if drawn[1] < chance:
            length = (0.5 + drawn[4] / 2) * period * min(height, width)
            rows, columns = (
                np.arange(side) / length + start for side, start in zip((height, width), drawn[5:7], strict=True)
            )
            result[i][np.ix_(rows % 1 < ratio, columns % 1 < ratio)] = color
    return result


def _between(length: int, start: float, extent: float) -> np.ndarray:
    """Which pixels along an axis have their center between two places: bool (length,)."""
    centers = np.arange(length) + 0.5
    return (centers >= start) & (centers < start + extent)
