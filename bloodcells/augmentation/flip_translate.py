"""Random flips and translation in one warp."""

import cv2
import numpy as np

from bloodcells.config.schema import FlipTranslate

NUMBERS = 4  # uniforms an image


def flip_translate(pixels: np.ndarray, uniforms: np.ndarray, config: FlipTranslate) -> np.ndarray:
    """Mirrors left-right and up-down, each with an even chance, and moves by up to `translate` of the side.

    pixels: uint8 (b, h, w, 3), and so is what it returns; uniforms: float64 (b, NUMBERS) in [0, 1).
    Bilinear, the edges reflected, so that no blank border appears. A flip without a move is exact.
    """
    height, width = pixels.shape[1:3]
    sides = np.array([width, height])
    mirror = np.where(uniforms[:, :2] < 0.5, -1.0, 1.0)
    move = (2 * uniforms[:, 2:] - 1) * config.translate * sides
    # A warp takes output to input coordinates: in = mirror * out + offset, and a mirrored axis starts at its end.
    offset = move + np.where(mirror < 0, sides - 1.0, 0.0)
    matrices = np.zeros((len(pixels), 2, 3))
    matrices[:, [0, 1], [0, 1]] = mirror
    matrices[:, :, 2] = offset
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = np.empty_like(pixels)
    for image, matrix, result in zip(pixels, matrices, moved, strict=True):
        cv2.warpAffine(image, matrix, (width, height), result, flags, cv2.BORDER_REFLECT)
    return moved
