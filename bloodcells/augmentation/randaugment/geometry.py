"""RandAugment's shears and translations: bilinear, with reflected edges."""

import numpy as np

from bloodcells.augmentation.pixels import CHANNELS, HALF, compiled, reflected
from bloodcells.augmentation.randaugment.policy import Operation


def shear_or_translate(pixels: np.ndarray, operations: np.ndarray, amounts: np.ndarray) -> None:
    """Shears or translates the images, uint8 (b, h, w, 3), that have such an operation, (b,), in place; rounds.

    A shear shifts each line by the slope times the line's distance from the top left corner, a translation shifts all
    lines by a share of the side.
    """
    count, height, width, _ = pixels.shape
    buffer = np.empty((max(height, width) + 1) * CHANNELS)
    flat = pixels.reshape(count, height * width, CHANNELS)
    _shift_lines(flat, operations, amounts, reflected(height), reflected(width), buffer)


@compiled
def _shift_lines(
    pixels: np.ndarray,
    operations: np.ndarray,
    amounts: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    buffer: np.ndarray,
) -> None:
    """pixels: (b, h * w, 3); rows, columns: `reflected` of h and w; buffer: for one line and one pixel."""
    height, width = len(rows) // 3, len(columns) // 3
    for i in range(len(pixels)):
        if operations[i] == Operation.SHEAR_X or operations[i] == Operation.TRANSLATE_X:
            lines, length, places, across, along = height, width, columns, width, 1
        elif operations[i] == Operation.SHEAR_Y or operations[i] == Operation.TRANSLATE_Y:
            lines, length, places, across, along = width, height, rows, 1, width
        else:
            continue
        sheared = operations[i] == Operation.SHEAR_X or operations[i] == Operation.SHEAR_Y
        image = pixels[i]
        for line in range(lines):
            start = amounts[i] * line if sheared else -amounts[i] * length
            whole = np.floor(start)
            share, first = start - whole, int(whole) % (2 * length)
            # Separate loops for gathering, blending and scattering are faster than one.
            for j in range(length + 1):
                at = line * across + places[first + j] * along
                for channel in range(CHANNELS):
                    buffer[j * CHANNELS + channel] = image[at, channel]
            for j in range(length * CHANNELS):
                buffer[j] = (1 - share) * buffer[j] + share * buffer[j + CHANNELS] + HALF
            for j in range(length):
                for channel in range(CHANNELS):
                    image[line * across + j * along, channel] = np.uint8(buffer[j * CHANNELS + channel])
