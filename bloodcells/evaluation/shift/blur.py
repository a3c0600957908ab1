"""Blur by a lens out of focus and by motion.

Every function takes image, uint8 (h, w, 3), a strength as a share of the shorter side, and the generator of its
randomness, and gives uint8 (h, w, 3). Beyond its edge the image goes on as its mirror image.
"""

import numpy as np
from scipy.signal import fftconvolve

from bloodcells.evaluation.shift.pixels import rounded

# Points close enough together, after linear interpolation, for images of up to some 400 pixels.
PATH = np.linspace(-1, 1, 61)
SQUARE = np.stack(np.meshgrid(np.linspace(-1, 1, 25), np.linspace(-1, 1, 25)), axis=-1).reshape(-1, 2)
DISC = SQUARE[np.hypot(*SQUARE.T) <= 1]  # (points, 2): evenly over the disc of radius 1


def defocus_blur(image: np.ndarray, radius: float, rng: np.random.Generator) -> np.ndarray:
    """Spreads each point over a disc. Nothing is random."""
    return _spread(image, DISC * radius * min(image.shape[:2]))


def motion_blur(image: np.ndarray, length: float, rng: np.random.Generator) -> np.ndarray:
    """Spreads each point over a straight path of `length`, in a random direction."""
    angle = np.pi * rng.random()
    path = np.outer(PATH, [np.sin(angle), np.cos(angle)])
    return _spread(image, path * length / 2 * min(image.shape[:2]))


def _spread(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The mean of the image moved by each of `points`, (n, 2) in pixels, between pixels by linear interpolation."""
    reach = int(np.ceil(np.abs(points).max()))
    below = np.floor(points).astype(int)
    beyond = points - below
    kernel = np.zeros((2 * reach + 2, 2 * reach + 2), np.float32)
    for step in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weights = np.where(step, beyond, 1 - beyond).prod(axis=1) / len(points)
        np.add.at(kernel, tuple((below + step + reach).T), weights)
    kernel = kernel[:-1, :-1, None]  # the last row and column, past the furthest point, are empty
    wide = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric").astype(np.float32)
    return rounded(fftconvolve(wide, kernel, mode="valid", axes=(0, 1)))
