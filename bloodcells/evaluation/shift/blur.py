"""Defocus and motion blur, and its opposite, sharpening.

Each function takes an image, uint8 (h, w, 3), a strength and a random generator, and returns uint8 (h, w, 3). Radii and
lengths are fractions of the shorter side. Blur reflects the image at its edges.
"""

import numpy as np
from PIL import Image, ImageFilter
from scipy.signal import fftconvolve

from bloodcells.evaluation.shift.blending import rounded

# Points on a path and a disc: dense enough, with linear interpolation, for images of up to about 400 pixels.
PATH = np.linspace(-1, 1, 61)
SQUARE = np.stack(np.meshgrid(np.linspace(-1, 1, 25), np.linspace(-1, 1, 25)), axis=-1).reshape(-1, 2)
DISC = SQUARE[np.hypot(*SQUARE.T) <= 1]  # (points, 2), evenly spread over the disc of radius 1
SHARPENED = 0.015  # standard deviation of the blur, whose difference from the image is enlarged


def defocus_blur(image: np.ndarray, radius: float, rng: np.random.Generator) -> np.ndarray:
    """Spreads each point over a disc. Draws no random number."""
    return spread(image, DISC * radius * min(image.shape[:2]))


def motion_blur(image: np.ndarray, length: float, rng: np.random.Generator) -> np.ndarray:
    """Spreads each point over a straight path of `length`, in a random direction."""
    angle = np.pi * rng.random()
    path = np.outer(PATH, [np.sin(angle), np.cos(angle)])
    return spread(image, path * length / 2 * min(image.shape[:2]))


def sharpen(image: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    """Adds `amount` times the difference from the image under a Gaussian blur. Draws no random number."""
    mask = ImageFilter.UnsharpMask(SHARPENED * min(image.shape[:2]), round(100 * amount), threshold=0)
    return np.asarray(Image.fromarray(image).filter(mask))


def spread(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The mean of the image shifted by each of `points`, (n, 2) in pixels, with linear interpolation."""
    reach = int(np.ceil(np.abs(points).max()))
    below = np.floor(points).astype(int)
    beyond = points - below
    kernel = np.zeros((2 * reach + 2, 2 * reach + 2), np.float32)
    for step in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weights = np.where(step, beyond, 1 - beyond).prod(axis=1) / len(points)
        np.add.at(kernel, tuple((below + step + reach).T), weights)
    kernel = kernel[:-1, :-1, None]  # the last row and column lie beyond the furthest point and are empty
    wide = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric").astype(np.float32)
    return rounded(fftconvolve(wide, kernel, mode="valid", axes=(0, 1)))
