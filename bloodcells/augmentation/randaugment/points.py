"""Operations on values alone, as what they make of a table: for each value 0..255 of each channel, what becomes of it.

tables: float32 (k, 3, 256) in 0..255, what earlier operations have made of each value. counts: float32 (k, 3, 256), how
often each image has each value. Most operations are a line, factor times value plus offset, both (k, 3, 1) here.
"""

import numpy as np

LEVELS = 256
IDENTITY = np.tile(np.arange(LEVELS, dtype=np.float32), (3, 1))


def autocontrast(tables: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The line from each channel's least and largest value to 0 and 255; a channel of one value stays."""
    present = counts > 0
    low = np.where(present, tables, np.inf).min(axis=2, keepdims=True)
    spread = np.where(present, tables, -np.inf).max(axis=2, keepdims=True) - low
    factors = np.where(spread > 0, 255 / np.where(spread > 0, spread, 1), 1)
    return factors, np.where(spread > 0, -low * factors, 0)


def contrast(tables: np.ndarray, counts: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The line that scales the distance from each channel's mean; factors: (k,)."""
    means = np.einsum("kcv,kcv->kc", tables, counts)[..., None] / counts.sum(axis=2, keepdims=True)
    return factors[:, None, None], means * (1 - factors[:, None, None])


def equalize(tables: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Tables that spread each channel's values evenly over 0..255, as keras-cv does.

    It counts in whole numbers, and cuts values off to them. The rarest value counts as the last step.
    """
    starts = np.arange(tables.size, step=LEVELS).reshape(*tables.shape[:2], 1)
    places = tables.astype(np.intp)
    places += starts
    histogram = np.bincount(places.ravel(), counts.ravel(), minlength=tables.size).reshape(tables.shape)
    ends = np.cumsum(histogram, axis=2)
    rarest = np.where(histogram > 0, histogram, np.inf).min(axis=2, keepdims=True)
    step = (ends[..., -1:] - rarest) // (LEVELS - 1)
    spread = np.floor((ends - histogram + step // 2) / np.maximum(step, 1))
    levels = np.where(step > 0, np.minimum(spread, LEVELS - 1), np.arange(LEVELS))
    return levels.ravel()[places]
