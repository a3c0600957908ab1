"""Damage by the sensor, the file format or dirt: noise, compression, low resolution, occlusion.

Each function takes an image, uint8 (h, w, 3), a strength in the unit listed in strengths.py, and a random generator,
and returns uint8 (h, w, 3).
"""

from io import BytesIO

import numpy as np
from PIL import Image

from bloodcells.evaluation.shift.pixels import rounded


def gaussian_noise(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Adds independent normal noise to every value; its standard deviation is `share` of the range."""
    return rounded(image + np.float32(255 * share) * rng.standard_normal(image.shape, np.float32))


def jpeg(image: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    """Encodes the image as JPEG at this `quality` (libjpeg's scale) and decodes it. Draws no random number."""
    file = BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=int(quality))
    return np.asarray(Image.open(file))


def pixelate(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Reduces each side to `share` of its pixels and enlarges the result again. Draws no random number."""
    height, width = image.shape[:2]
    small = Image.fromarray(image).resize((round(share * width), round(share * height)), Image.Resampling.BOX)
    return np.asarray(small.resize((width, height), Image.Resampling.NEAREST))


def occlusion(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Covers a random square, `share` of the shorter side wide, with the mean color of the image."""
    side = round(share * min(image.shape[:2]))
    top, left = (round((length - side) * place) for length, place in zip(image.shape, rng.random(2), strict=False))
    covered = image.copy()
    covered[top : top + side, left : left + side] = rounded(image.mean(axis=(0, 1)))
    return covered
