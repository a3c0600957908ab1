"""Draws the operations of RandAugment and their magnitudes from uniform random numbers.

The distributions are those of keras_cv.layers.RandAugment 0.9.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy.special import ndtri

DRAWS = 4  # uniform numbers per operation: whether, which, its magnitude, and a second magnitude or a sign
OPERATIONS = 10
LARGEST_ADDITION = 110  # of solarize, in levels of 255, as in keras-cv


class Operation(IntEnum):
    """The operations, all equally likely, or NONE. Those before GRAY only map values of channels."""

    NONE = -1
    AUTOCONTRAST = 0
    EQUALIZE = 1
    CONTRAST = 2
    SOLARIZE = 3
    BRIGHTNESS = 4
    GRAY = 5
    SHEAR_X = 6
    SHEAR_Y = 7
    TRANSLATE_X = 8
    TRANSLATE_Y = 9


@dataclass(frozen=True)
class Plan:
    """The operations for each image of a batch, in order. All arrays are (b, operations).

    operations: values of `Operation`
    amounts: for solarize and brightness what they add, of 255; for gray its weight; for contrast the factor; for shears
        the slope; for translations the share of the side
    thresholds: of solarize, of 255
    """

    operations: np.ndarray
    amounts: np.ndarray
    thresholds: np.ndarray


def sample(uniforms: np.ndarray, *, magnitude: float, magnitude_stddev: float, rate: float) -> Plan:
    """Draws a plan from uniforms, float64 (b, DRAWS * operations) in [0, 1). The settings are keras-cv's."""
    whether, which, first, second = np.moveaxis(uniforms.reshape(len(uniforms), -1, DRAWS), -1, 0)
    operations = np.where(whether < rate, np.floor(OPERATIONS * which).astype(int), Operation.NONE)
    strength = _normal(first, magnitude, magnitude_stddev)
    uniform = 2 * first - 1
    shear = np.where(second < 0.5, -strength, strength)
    translation = uniform * magnitude
    amounts = {
        Operation.SOLARIZE: LARGEST_ADDITION * strength,
        Operation.GRAY: strength,
        Operation.CONTRAST: 1 + uniform * max(magnitude, 0.001),
        Operation.BRIGHTNESS: 255 * uniform * magnitude,
        Operation.SHEAR_X: shear,
        Operation.SHEAR_Y: shear,
        Operation.TRANSLATE_X: translation,
        Operation.TRANSLATE_Y: translation,
    }
    chosen = np.select([operations == operation for operation in amounts], list(amounts.values()))
    return Plan(operations, chosen, 255 * _normal(second, 1 - magnitude, magnitude_stddev))


def _normal(uniforms: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    """Normal random numbers, clipped to 0..1."""
    above_zero = np.maximum(uniforms, np.finfo(float).tiny)  # the inverse is -infinity at 0
    return np.clip(mean + deviation * ndtri(above_zero), 0, 1)
