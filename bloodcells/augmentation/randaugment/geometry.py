"""Operations that move pixels: bilinear, and beyond its edge the image goes on as its mirror image.

Axes are those of the plane: 0 for x, 1 for y. Images are uint8 (h, w, 3).
"""

import math

import cv2
import numpy as np


def sheared(image: np.ndarray, slope: float, axis: int) -> np.ndarray:
    """Moves each line along the axis by `slope` times its distance from the top left corner."""
    inverse = np.eye(2, 3)  # takes output to input coordinates
    inverse[axis, 1 - axis] = slope
    size = (image.shape[1], image.shape[0])
    return cv2.warpAffine(image, inverse, size, None, cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REFLECT)


def translated(image: np.ndarray, share: float, axis: int) -> np.ndarray:
    """Moves along the axis by `share` of its side: a blend of two moves by whole pixels, much faster than a warp."""
    side = image.shape[1 - axis]
    start = -share * side  # in the image, of what the result begins with
    whole = math.floor(start)
    before, after = max(0, -whole), max(0, whole + 1)
    if axis == 0:
        wide = cv2.copyMakeBorder(image, 0, 0, before, after, cv2.BORDER_REFLECT)
        first, second = (wide[:, at : at + side] for at in (before + whole, before + whole + 1))
    else:
        wide = cv2.copyMakeBorder(image, before, after, 0, 0, cv2.BORDER_REFLECT)
        first, second = (wide[at : at + side] for at in (before + whole, before + whole + 1))
    return cv2.addWeighted(first, 1 - (start - whole), second, start - whole, 0)
