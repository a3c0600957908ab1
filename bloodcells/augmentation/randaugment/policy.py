"""What happens to each image of a batch: operations and their magnitudes, from uniform numbers.

The distributions are those of keras_cv.layers.RandAugment 0.9.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy.special import ndtri

from bloodcells.config.schema import RandAugment

PLACE = 4  # uniforms an operation: whether, which, its magnitude, and a second magnitude or a sign
OPERATIONS = 10
LARGEST_ADDITION = 110  # solarize's: more would leave little of an image


class Operation(IntEnum):
    """The operations, evenly drawn, and NONE where an image is left alone. Those before GREY are on values alone."""

    NONE = -1
    AUTOCONTRAST = 0
    EQUALIZE = 1
    CONTRAST = 2
    SOLARIZE = 3
    BRIGHTNESS = 4
    GREY = 5
    SHEAR_X = 6
    SHEAR_Y = 7
    TRANSLATE_X = 8
    TRANSLATE_Y = 9


@dataclass(frozen=True)
class Plan:
    """One operation after the other, for each image of a batch; every array is (b, operations).

    operations: numbers of `Operation`.
    amounts: what solarize and brightness add, of 255; the share of grey; the factor of contrast; a shear's slope; a
        translation's share of the side.
    thresholds: of solarize, of 255.
    """

    operations: np.ndarray
    amounts: np.ndarray
    thresholds: np.ndarray


def numbers(config: RandAugment) -> int:
    """How many uniforms an image takes."""
    return PLACE * config.augmentations_per_image


def planned(uniforms: np.ndarray, config: RandAugment) -> Plan:
    """The plan that follows from uniforms, float64 (b, numbers(config)) in [0, 1)."""
    whether, which, first, second = np.moveaxis(uniforms.reshape(len(uniforms), -1, PLACE), -1, 0)
    operations = np.where(whether < config.rate, np.floor(OPERATIONS * which).astype(int), Operation.NONE)
    strength = _normal(first, config.magnitude, config.magnitude_stddev)
    even = 2 * first - 1
    shear = np.where(second < 0.5, -strength, strength)
    translation = even * config.magnitude
    amounts = {
        Operation.SOLARIZE: LARGEST_ADDITION * strength,
        Operation.GREY: strength,
        Operation.CONTRAST: 1 + even * max(config.magnitude, 0.001),
        Operation.BRIGHTNESS: 255 * even * config.magnitude,
        Operation.SHEAR_X: shear,
        Operation.SHEAR_Y: shear,
        Operation.TRANSLATE_X: translation,
        Operation.TRANSLATE_Y: translation,
    }
    chosen = np.select([operations == operation for operation in amounts], list(amounts.values()))
    return Plan(operations, chosen, 255 * _normal(second, 1 - config.magnitude, config.magnitude_stddev))


def _normal(uniforms: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    """Normal draws, those outside 0..1 moved to its ends."""
    above_zero = np.maximum(uniforms, np.finfo(float).tiny)  # where the normal distribution would begin at -infinity
    return np.clip(mean + deviation * ndtri(above_zero), 0, 1)
