"""Operations on values, waiting to be applied to the images all at once."""

from functools import lru_cache

import cv2
import numpy as np

from bloodcells.augmentation.randaugment import points
from bloodcells.augmentation.randaugment.policy import Operation

CHANNELS = 3
ON_VALUES = (
    Operation.AUTOCONTRAST,
    Operation.EQUALIZE,
    Operation.CONTRAST,
    Operation.SOLARIZE,
    Operation.BRIGHTNESS,
)


class Tables:
    """For each image and channel, what waits to become of each value 0..255.

    An image's counts of its values, pushed through its table, give the statistics of what the image will be, so that
    operations that depend on them need not look at the pixels again.
    """

    def __init__(self, images: list[np.ndarray]) -> None:
        """images: uint8 (h, w, 3) each, replaced in the list as tables are applied."""
        self._images = images
        self._tables = np.tile(points.IDENTITY, (len(images), 1, 1))
        self._waiting = np.zeros(len(images), bool)
        self._counts = np.empty_like(self._tables)
        self._counted = np.zeros(len(images), bool)

    def change(self, chosen: list[np.ndarray], amounts: np.ndarray, thresholds: np.ndarray) -> None:
        """Adds one operation to each image's table, where it is one on values.

        chosen: for each operation, the images that it changes; amounts, thresholds: (b,) as in `policy.Plan`.
        """
        autocontrast, equalize, contrast, solarize, brightness = (chosen[operation] for operation in ON_VALUES)
        self._count(np.concatenate([autocontrast, equalize, contrast]))
        if len(equalize):
            self._tables[equalize] = points.equalize(self._tables[equalize], self._counts[equalize])
        factors = np.ones((len(amounts), CHANNELS, 1), np.float32)
        offsets = np.zeros_like(factors)
        if len(autocontrast):
            factors[autocontrast], offsets[autocontrast] = points.autocontrast(
                self._tables[autocontrast], self._counts[autocontrast]
            )
        if len(contrast):
            factors[contrast], offsets[contrast] = points.contrast(
                self._tables[contrast], self._counts[contrast], amounts[contrast]
            )
        adding = np.concatenate([solarize, brightness])
        offsets[adding] = amounts[adding, None, None]
        # For the whole batch at once, whatever each does: few calls on many numbers suit threads best.
        self._tables *= factors
        self._tables += offsets
        np.clip(self._tables, 0, 255, out=self._tables)
        turning = np.full_like(factors, np.inf)
        turning[solarize] = thresholds[solarize, None, None]
        np.subtract(255, self._tables, out=self._tables, where=self._tables >= turning)
        self._waiting[np.concatenate([autocontrast, equalize, contrast, adding])] = True

    def settle(self, members: np.ndarray) -> None:
        """Applies what waits for these images."""
        due = members[self._waiting[members]]
        interleaved = np.rint(self._tables[due]).astype(np.uint8).swapaxes(1, 2).copy()
        for i, table in zip(due, interleaved, strict=True):
            self._images[i] = cv2.LUT(self._images[i], table[None])
        self._tables[due] = points.IDENTITY
        self._waiting[due] = self._counted[due] = False

    def _count(self, members: np.ndarray) -> None:
        members = members[~self._counted[members]]
        for i in members:
            values = self._images[i].reshape(-1)
            self._counts[i] = cv2.calcHist(
                [_channels(len(values)), values],
                [0, 1],
                None,
                [CHANNELS, points.LEVELS],
                [0, CHANNELS, 0, points.LEVELS],
            )
        self._counted[members] = True


@lru_cache(maxsize=8)
def _channels(count: int) -> np.ndarray:
    """uint8 (count,): the channel of each of an image's values. One histogram of both then counts all channels."""
    return np.tile(np.arange(CHANNELS, dtype=np.uint8), count // CHANNELS)
