"""Damage by the sensor, the file format or dirt: noise, compression, low resolution, occlusion.

Each function takes an image, uint8 (h, w, 3), a strength and a random generator, and returns uint8 (h, w, 3).
"""

from io import BytesIO

import numpy as np
from PIL import Image

from bloodcells.evaluation.shift.blending import rounded

RECTANGLES = 4
NARROWER = 0.1  # each rectangle than the one before, as a fraction of the shorter side


def gaussian_noise(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Adds independent normal noise to every value; its standard deviation is `share` of the range."""
    return rounded(image + np.float32(255 * share) * rng.standard_normal(image.shape, np.float32))


def speckle(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Adds independent normal noise to every value; its standard deviation is `share` of the value."""
    return rounded(image * (1 + np.float32(share) * rng.standard_normal(image.shape, np.float32)))


def salt_and_pepper(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Turns about `share` of the pixels white or black, each with equal probability."""
    chance = rng.random(image.shape[:2], np.float32)
    noisy = image.copy()
    noisy[chance < share / 2] = 0
    noisy[chance >= 1 - share / 2] = 255
    return noisy


def jpeg(image: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    """Encodes the image as JPEG at this `quality` (libjpeg's scale) and decodes it. Draws no random number."""
    file = BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=int(quality))
    return np.asarray(Image.open(file))


def jpeg_compression(image: np.ndarray, coarseness: float, rng: np.random.Generator) -> np.ndarray:
    """Encodes the image as JPEG and decodes it. Draws no random number.

    coarseness: factor of libjpeg's quantization tables: 0 at quality 100, 1 at 50, 10 at 5
    """
    return jpeg(image, round(100 - 50 * coarseness if coarseness < 1 else 50 / coarseness), rng)


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


def rectangles(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Covers up to RECTANGLES rectangles with random colors, at random places.

    The first has the area of a square, `share` of the shorter side wide, and each further one is NARROWER. Their sides
    differ by a factor of up to 2. Parts beyond the edges are cut off.
    """
    places = rng.random((RECTANGLES, 2)) * image.shape[:2]
    shapes = 2 ** rng.uniform(-0.5, 0.5, RECTANGLES)
    colors = rng.integers(0, 256, (RECTANGLES, 3))
    covered = image.copy()
    for number in range(RECTANGLES):
        side = max(0, share - number * NARROWER) * min(image.shape[:2])
        half = side / 2 * np.array([shapes[number], 1 / shapes[number]])
        top, left = np.rint(np.maximum(places[number] - half, 0)).astype(int)
        bottom, right = np.rint(places[number] + half).astype(int)
        covered[top:bottom, left:right] = colors[number]
    return covered
