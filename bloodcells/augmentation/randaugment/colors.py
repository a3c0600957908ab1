"""RandAugment's color operations.

Operations on values map each value of a channel to another one, so they are composed in lookup tables before they are
applied to pixels. The histogram of the image and its table give the statistics of the changed image, so operations that
depend on them need not apply the table first. Most operations are linear, clipped to 0..255.

pixels: uint8 (b, h, w, 3). tables: float64 (b, 3, 256) in 0..255, the new value of each value 0..255 of each channel.
counts: int64 (b, 3, 256), how often each value occurs in the image.
"""

import numpy as np

from bloodcells.augmentation.pixels import CHANNELS, HALF, compiled
from bloodcells.augmentation.randaugment.policy import Operation

LEVELS = 256
SHAPE = (CHANNELS, LEVELS)  # of one image's tables
RED, GREEN, BLUE = 0.2989, 0.587, 0.114  # weights of gray, as in tf.image


@compiled
def reset_tables(pixels: np.ndarray, chosen: np.ndarray, tables: np.ndarray, counts: np.ndarray) -> None:
    """Sets the tables of the chosen images, bool (b,), to the identity, and their counts."""
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
def apply_tables(pixels: np.ndarray, chosen: np.ndarray, tables: np.ndarray) -> None:
    """Applies their tables to the chosen images, bool (b,), in place; rounds."""
    for i in range(len(pixels)):
        if chosen[i]:
            for y in range(pixels.shape[1]):
                for x in range(pixels.shape[2]):
                    for channel in range(CHANNELS):
                        value = tables[i, channel, pixels[i, y, x, channel]]
                        pixels[i, y, x, channel] = np.uint8(value + HALF)


@compiled
def update_tables(
    tables: np.ndarray, counts: np.ndarray, operations: np.ndarray, amounts: np.ndarray, thresholds: np.ndarray
) -> None:
    """Composes each image's tables with its operation, if it is one on values. The last three: (b,), as in `Plan`."""
    for i in range(len(tables)):
        if operations[i] == Operation.NONE or operations[i] >= Operation.GRAY:
            continue
        for channel in range(CHANNELS):
            values = tables[i, channel]
            if operations[i] == Operation.EQUALIZE:
                _equalize(values, counts[i, channel])
                continue
            factor, offset = _line(values, counts[i, channel], operations[i], amounts[i])
            for v in range(LEVELS):
                values[v] = min(max(factor * values[v] + offset, 0.0), 255.0)
                if operations[i] == Operation.SOLARIZE and values[v] >= thresholds[i]:
                    values[v] = 255 - values[v]


@compiled
def _line(values: np.ndarray, counts: np.ndarray, operation: int, amount: float) -> tuple[float, float]:
    """The factor and offset of a linear operation on a channel. values, counts: (256,).

    Autocontrast maps the lowest and the highest value to 0 and 255, and leaves a constant channel unchanged. Contrast
    scales the distance from the mean.
    """
    if operation != Operation.AUTOCONTRAST and operation != Operation.CONTRAST:
        return 1.0, amount
    low, high, total, count = 255.0, 0.0, 0.0, 0
    for v in range(LEVELS):
        if counts[v] > 0:
            low, high = min(low, values[v]), max(high, values[v])
            total, count = total + counts[v] * values[v], count + counts[v]
    if operation == Operation.CONTRAST:
        return amount, total / count * (1 - amount)
    factor = 255 / (high - low) if high > low else 1.0
    return factor, -low * factor if high > low else 0.0


@compiled
def _equalize(values: np.ndarray, counts: np.ndarray) -> None:
    """Equalizes a channel's histogram as keras-cv does, in integers. values, counts: (256,).

    Values are truncated first. The step size leaves out the count of the rarest value.
    """
    histogram = np.zeros(LEVELS, np.int64)
    for v in range(LEVELS):
        values[v] = int(values[v])
        histogram[int(values[v])] += counts[v]
    total, rarest = 0, -1
    for v in range(LEVELS):
        times = histogram[v]
        if times > 0 and (rarest < 0 or times < rarest):
            rarest = times
        histogram[v] = total  # from here on the number of lower values
        total += times
    step = (total - rarest) // (LEVELS - 1)
    if step > 0:
        for v in range(LEVELS):
            values[v] = min((histogram[int(values[v])] + step // 2) // step, LEVELS - 1)


@compiled
def blend_with_gray(pixels: np.ndarray, operations: np.ndarray, weights: np.ndarray) -> None:
    """Blends images whose operation, (b,), is GRAY with their gray version, by weights, (b,), in place; rounds."""
    for i in range(len(pixels)):
        if operations[i] == Operation.GRAY:
            image, weight = pixels[i], weights[i]
            for y in range(image.shape[0]):
                for x in range(image.shape[1]):
                    red, green, blue = image[y, x]
                    added = weight * (RED * red + GREEN * green + BLUE * blue) + HALF
                    image[y, x, 0] = np.uint8((1 - weight) * red + added)
                    image[y, x, 1] = np.uint8((1 - weight) * green + added)
                    image[y, x, 2] = np.uint8((1 - weight) * blue + added)
