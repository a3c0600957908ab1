"""Random flips and translation in one warp."""

import numpy as np

from bloodcells.augmentation.pixels import CHANNELS, HALF, compiled, reflected


def flip_translate(pixels: np.ndarray, uniforms: np.ndarray, translate: float) -> np.ndarray:
    """Flips left-right and up-down, each with probability 1/2, and shifts by up to `translate` of the side.

    pixels: uint8 (b, h, w, 3); uniforms: float64 (b, 4) in [0, 1). Returns new images of the same shape and type.
    Bilinear, with reflected edges, so that no blank border appears. A flip without a shift is exact.
    """
    height, width = pixels.shape[1:3]
    warped = np.empty(pixels.shape, np.uint8)
    rows, down = _sources(uniforms[:, 1], uniforms[:, 3], height, translate=translate)
    columns, right = _sources(uniforms[:, 0], uniforms[:, 2], width, translate=translate)
    _blend(pixels, rows, down, columns, right, np.empty((width + 1) * CHANNELS), warped)
    return warped


def _sources(flip: np.ndarray, shift: np.ndarray, side: int, *, translate: float) -> tuple[np.ndarray, np.ndarray]:
    """The source pixels along an axis, (b, side + 1), and weights, (b,).

    Pixel i of the result lies between source pixels i and i + 1, with the weight for i + 1.
    """
    shifts = (2 * shift - 1) * translate * side
    # A reflected image continues beyond its edge as its mirror image, so a flip is a shift by the side.
    starts = np.where(flip < 0.5, -side - shifts, shifts)
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
    warped: np.ndarray,
) -> None:
    """rows, down, columns, right: from `_sources`; line: a buffer; warped: the result."""
    for i in range(len(pixels)):
        image, result, lower_weight, right_weight = pixels[i], warped[i], down[i], right[i]
        for y in range(image.shape[0]):
            upper, lower = image[rows[i, y]], image[rows[i, y + 1]]
            for x in range(columns.shape[1]):
                at = columns[i, x]
                for channel in range(CHANNELS):
                    value = (1 - lower_weight) * upper[at, channel] + lower_weight * lower[at, channel]
                    line[x * CHANNELS + channel] = value
            for j in range(image.shape[1] * CHANNELS):
                line[j] = (1 - right_weight) * line[j] + right_weight * line[j + CHANNELS] + HALF
            for x in range(image.shape[1]):
                for channel in range(CHANNELS):
                    result[y, x, channel] = np.uint8(line[x * CHANNELS + channel])
