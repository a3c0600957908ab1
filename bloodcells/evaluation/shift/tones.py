"""Tone curves and uneven illumination.

Each function takes an image, uint8 (h, w, 3), a strength and a random generator, and returns uint8 (h, w, 3).
"""

import numpy as np
from PIL import Image, ImageOps

from bloodcells.evaluation.shift.blending import EITHER_WAY, blended, rounded

LEVELS = np.arange(256)


def gamma(image: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Raises each value, as a fraction of the range, to the power of `factor` or its inverse."""
    return rounded(255 * (LEVELS / 255) ** factor ** rng.choice(EITHER_WAY))[image]


def equalize(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Moves each channel by `share` of the way to a flat histogram. Draws no random number."""
    return blended(image, np.asarray(ImageOps.equalize(Image.fromarray(image))), share)


def posterize(image: np.ndarray, spacing: float, rng: np.random.Generator) -> np.ndarray:
    """Rounds each value to the nearest of evenly spaced levels from 0 to 255. Draws no random number.

    spacing: of the levels, rounded so that a whole number of steps leads from 0 to 255
    """
    steps = round(255 / spacing)
    return rounded(np.rint(LEVELS * steps / 255) * 255 / steps)[image]


def solarize(image: np.ndarray, threshold: float, rng: np.random.Generator) -> np.ndarray:
    """Reflects the values above `threshold` at it. Draws no random number.

    A threshold of 127.5 inverts the brighter half, like solarization in AutoAugment. A higher one differs from it: it
    changes all values continuously.
    """
    return rounded(np.minimum(LEVELS, 2 * threshold - LEVELS))[image]


def illumination(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Darkens the image with the square of the distance from a random point in it.

    share: of the light that the furthest corner loses
    """
    bright = rng.random(2)
    rows, columns = (
        (np.arange(length, dtype=np.float32) - place * (length - 1)) ** 2
        for length, place in zip(image.shape, bright, strict=False)
    )
    distance = rows[:, None, None] + columns[:, None]
    return rounded(image * (1 - np.float32(share) * distance / distance.max()))
