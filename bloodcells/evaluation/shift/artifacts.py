"""Artifacts of the slide: deposits of stain and bubbles, as in MedMNIST-C (Di Salvo et al. 2024, arXiv:2406.17536).

Each function takes an image, uint8 (h, w, 3), RGB, a strength and a random generator, and returns uint8 (h, w, 3).
"""

import numpy as np
from PIL import Image

from bloodcells.evaluation.shift.blending import rounded

GRID = 9  # points per side of the random field that shapes deposits
EDGE = 0.3  # of a deposit: the change of the field from the first trace to full cover
VIOLET = np.array([90, 30, 120], np.float32)  # the brightest deposit
BUBBLES = 8
VEIL, RIM = 0.4, 0.6  # the share of white within a bubble and in its rim
RIM_WIDTH = 0.02  # fraction of the shorter side


def stain_deposit(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Covers `share` of the image with blots, black to dark violet: where a smooth random field is largest."""
    height, width = image.shape[:2]
    grid = Image.fromarray(rng.standard_normal((GRID, GRID), np.float32))
    field = np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC))
    color = rng.random() * VIOLET
    cover = np.clip((field - np.quantile(field, 1 - share)) / EDGE, 0, 1)[..., None].astype(np.float32)
    return rounded(image + cover * (color - image))


def bubbles(image: np.ndarray, radius: float, rng: np.random.Generator) -> np.ndarray:
    """Lays translucent white discs with a brighter rim over the image.

    radius: the largest possible, as a fraction of the shorter side; each bubble has 0.3 to 1 of it
    """
    height, width = image.shape[:2]
    centers = (rng.random((BUBBLES, 2)) * (height, width)).astype(np.float32)
    radii = (radius * min(height, width) * rng.uniform(0.3, 1, BUBBLES)).astype(np.float32)
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    depths = [size - np.hypot(rows - y, columns - x) for (y, x), size in zip(centers, radii, strict=True)]
    depth = np.maximum.reduce(depths)  # from the outline of the nearest bubble inward, in pixels
    inner = np.clip(depth - RIM_WIDTH * min(height, width), 0, 1)
    white = (RIM * np.clip(depth, 0, 1) - (RIM - VEIL) * inner)[..., None].astype(np.float32)
    return rounded(image + white * (255 - image))
