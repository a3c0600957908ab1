"""Random flips and translation in one."""

import numpy as np

from bloodcells.augmentation.pixels import CHANNELS, HALF, compiled, reflected
from bloodcells.config.schema import FlipTranslate

NUMBERS = 4  # uniforms an image


def flip_translate(pixels: np.ndarray, uniforms: np.ndarray, config: FlipTranslate) -> np.ndarray:
    """Mirrors left-right and up-down, each with an even chance, and moves by up to `translate` of the side.

    pixels: uint8 (b, h, w, 3), and so is what it returns; uniforms: float64 (b, NUMBERS) in [0, 1).
    Bilinear, the edges reflected, so that no blank border appears. A flip without a move is exact.
    """
    height, width = pixels.shape[1:3]
    moved = np.empty(pixels.shape, np.uint8)
    rows, down = _sources(uniforms[:, 1], uniforms[:, 3], height, config)
    columns, right = _sources(uniforms[:, 0], uniforms[:, 2], width, config)
    _blend(pixels, rows, down, columns, right, np.empty((width + 1) * CHANNELS), moved)
    return moved


def _sources(flip: np.ndarray, move: np.ndarray, side: int, config: FlipTranslate) -> tuple[np.ndarray, np.ndarray]:
    """Between which pixels along an axis those of the result lie, (b, side + 1), and the second one's share, (b,)."""
    moves = (2 * move - 1) * config.translate * side
    # Beyond its edge an image goes on as its mirror image, so to flip it is to move it by its side.
    starts = np.where(flip < 0.5, -side - moves, moves)
    whole = np.floor(starts).astype(np.int64)
    return reflected(side)[whole[:, None] % (2 * side) + np.arange(side + 1)], starts - whole


@compiled
def _blend(
    pixels: np.ndarray,
    rows: np.ndarray,
    down: np.ndarray,
    columns: np.ndarray,
    right: np.ndarray,
    line: np.ndarray,
    moved: np.ndarray,
) -> None:
    """rows, down, columns, right: from `_sources`; line: to work in; moved: the result."""
    for i in range(len(pixels)):
        image, result, second, next_one = pixels[i], moved[i], down[i], right[i]
        for y in range(image.shape[0]):
            upper, lower = image[rows[i, y]], image[rows[i, y + 1]]
            for x in range(columns.shape[1]):
                at = columns[i, x]
                for channel in range(CHANNELS):
                    value = (1 - second) * upper[at, channel] + second * lower[at, channel]
                    line[x * CHANNELS + channel] = value
            for j in range(image.shape[1] * CHANNELS):
                line[j] = (1 - next_one) * line[j] + next_one * line[j + CHANNELS] + HALF
            for x in range(image.shape[1]):
                for channel in range(CHANNELS):
                    result[y, x, channel] = np.uint8(line[x * CHANNELS + channel])
