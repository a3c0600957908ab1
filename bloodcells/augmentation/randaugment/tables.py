"""What waits to become of values, and how it is done to pixels.

pixels: uint8 (b, h, w, 3). tables: float64 (b, 3, 256) in 0..255, for each image and channel what is to become of each
value 0..255. counts: int64 (b, 3, 256), how often the image has each.
"""

import numpy as np

from bloodcells.augmentation.pixels import CHANNELS, HALF, compiled

LEVELS = 256
SHAPE = (CHANNELS, LEVELS)  # of an image's


@compiled
def begin(pixels: np.ndarray, chosen: np.ndarray, tables: np.ndarray, counts: np.ndarray) -> None:
    """Counts the chosen images, bool (b,), and gives them tables that leave every value as it is."""
    for i in range(len(pixels)):
        if chosen[i]:
            for channel in range(CHANNELS):
                for value in range(LEVELS):
                    tables[i, channel, value], counts[i, channel, value] = value, 0
            for y in range(pixels.shape[1]):
                for x in range(pixels.shape[2]):
                    for channel in range(CHANNELS):
                        counts[i, channel, pixels[i, y, x, channel]] += 1


@compiled
def settle(pixels: np.ndarray, chosen: np.ndarray, tables: np.ndarray) -> None:
    """Does to the chosen images, bool (b,), what waits in their tables, in place; rounds."""
    for i in range(len(pixels)):
        if chosen[i]:
            for y in range(pixels.shape[1]):
                for x in range(pixels.shape[2]):
                    for channel in range(CHANNELS):
                        value = tables[i, channel, pixels[i, y, x, channel]]
                        pixels[i, y, x, channel] = np.uint8(value + HALF)
