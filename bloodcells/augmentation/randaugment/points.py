"""Operations on values alone, as what they make of the tables of values: see `tables`.

An image's counts of its values, pushed through its table, give the statistics of what the image will be, so that
operations that depend on them need not look at the pixels again. Most operations are a line, cut off at 0 and 255.
"""

import numpy as np

from bloodcells.augmentation.pixels import CHANNELS, compiled
from bloodcells.augmentation.randaugment.policy import Operation
from bloodcells.augmentation.randaugment.tables import LEVELS


@compiled
def change(
    tables: np.ndarray, counts: np.ndarray, operations: np.ndarray, amounts: np.ndarray, thresholds: np.ndarray
) -> None:
    """Adds its operation to each image's tables, if it is one on values; the last three: (b,), as in `policy.Plan`."""
    for i in range(len(tables)):
        if operations[i] == Operation.NONE or operations[i] >= Operation.GREY:
            continue
        for channel in range(CHANNELS):
            values = tables[i, channel]
            if operations[i] == Operation.EQUALIZE:
                equalize(values, counts[i, channel])
                continue
            factor, offset = line(values, counts[i, channel], operations[i], amounts[i])
            for v in range(LEVELS):
                values[v] = min(max(factor * values[v] + offset, 0.0), 255.0)
                if operations[i] == Operation.SOLARIZE and values[v] >= thresholds[i]:
                    values[v] = 255 - values[v]


@compiled
def line(values: np.ndarray, counts: np.ndarray, operation: int, amount: float) -> tuple[float, float]:
    """What an operation multiplies a channel's values by, and then adds; values, counts: (256,).

    Autocontrast takes the least and the largest value to 0 and 255, and leaves a channel of one value. Contrast scales
    the distance from the mean.
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
def equalize(values: np.ndarray, counts: np.ndarray) -> None:
    """Spreads a channel's values evenly over 0..255, as keras-cv does; values, counts: (256,).

    It counts in whole numbers, and cuts values off to them. The rarest value counts as the last step.
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
        histogram[v] = total  # from here on how many lie below
        total += times
    step = (total - rarest) // (LEVELS - 1)
    if step > 0:
        for v in range(LEVELS):
            values[v] = min((histogram[int(values[v])] + step // 2) // step, LEVELS - 1)
