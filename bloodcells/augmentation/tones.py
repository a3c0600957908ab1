"""Changes of single color values: channels, gamma, equalize, posterize and solarize."""

import numpy as np

from bloodcells.augmentation.pixels import CHANNELS
from bloodcells.augmentation.randaugment.colors import LEVELS, SHAPE, apply_tables

VALUES = np.arange(LEVELS, dtype=float)
ORDERS = np.array([(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])  # of channels: all but the usual one


def tones(
    pixels: np.ndarray,
    uniforms: np.ndarray,
    *,
    chance: float,
    channel_shift: float,
    gamma: float,
    posterize: float,
    solarize: float,
) -> np.ndarray:
    """Equalizes, shifts channels, applies a gamma curve, posterizes, solarizes and permutes channels, in this order.

    pixels: uint8 (b, h, w, 3); uniforms: float64 (b, 13) in [0, 1); chance: of each operation on each image; the
    others: the limits, as in `variety.Tones`. Returns new images of the same shape and type, rounded once.
    """
    chosen, amounts, shifts = uniforms[:, :6] < chance, uniforms[:, 6:10], 2 * uniforms[:, 10:13] - 1
    tables = np.broadcast_to(VALUES, (len(pixels), *SHAPE)).copy()
    for i in np.flatnonzero(chosen[:, 0]):
        tables[i] = [_equalized(pixels[i, ..., channel]) for channel in range(CHANNELS)]
    changed = _only(chosen[:, 1], tables + 255 * channel_shift * shifts[..., None], tables).clip(0, 255)
    curve = gamma ** (2 * amounts[:, 0] - 1)
    changed = _only(chosen[:, 2], 255 * (changed / 255) ** curve[:, None, None], changed)
    step = 1 + amounts[:, 1, None, None] * (posterize - 1)
    changed = _only(chosen[:, 3], np.floor(changed / step) * step, changed)
    threshold = 255 * (1 - amounts[:, 2, None, None] * (1 - solarize))
    changed = _only(chosen[:, 4], np.where(changed >= threshold, 255 - changed, changed), changed)
    toned = pixels.copy()
    apply_tables(toned, np.logical_or.reduce(chosen[:, :5], axis=1), changed)
    for i in np.flatnonzero(chosen[:, 5]):
        toned[i] = toned[i][..., ORDERS[int(amounts[i, 3] * len(ORDERS))]]
    return toned


def _only(chosen: np.ndarray, tables: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.where(chosen[:, None, None], tables, others)


def _equalized(values: np.ndarray) -> np.ndarray:
    """The table that makes all levels of a channel, uint8 (h, w), about equally frequent; float64 (256,)."""
    lower_or_equal = np.bincount(values.ravel(), minlength=LEVELS).cumsum()
    lowest = lower_or_equal[values.min()]
    if lowest == values.size:  # one level only
        return VALUES
    return 255 * np.maximum(lower_or_equal - lowest, 0) / (values.size - lowest)
