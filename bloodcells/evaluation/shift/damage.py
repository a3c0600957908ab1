"""What the sensor, the file and dirt do to a picture: noise, compression, coarse pixels, a covered part.

Every function takes image, uint8 (h, w, 3), a strength in the unit of the table, and the generator of its randomness,
and gives uint8 (h, w, 3).
"""

from io import BytesIO

import numpy as np
from PIL import Image

from bloodcells.evaluation.shift.pixels import rounded


def gaussian_noise(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Adds to every value a normal draw of its own; `share` of the range is the standard deviation."""
    return rounded(image + np.float32(255 * share) * rng.standard_normal(image.shape, np.float32))


def jpeg(image: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    """Saves as JPEG and loads again. Nothing is random."""
    file = BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=int(quality))
    return np.asarray(Image.open(file))


def pixelate(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Leaves `share` of the pixels along each side: averages over larger ones and draws those. Nothing is random."""
    height, width = image.shape[:2]
    small = Image.fromarray(image).resize((round(share * width), round(share * height)), Image.Resampling.BOX)
    return np.asarray(small.resize((width, height), Image.Resampling.NEAREST))


def occlusion(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Covers a square, `share` of the shorter side, with the image's mean colour, at a random place inside."""
    side = round(share * min(image.shape[:2]))
    top, left = (round((length - side) * place) for length, place in zip(image.shape, rng.random(2), strict=False))
    covered = image.copy()
    covered[top : top + side, left : left + side] = rounded(image.mean(axis=(0, 1)))
    return covered
