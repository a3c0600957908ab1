"""AugMix: blends an image with the results of several short chains of operations."""

import numpy as np

from bloodcells.augmentation.randaugment.apply import randaugment
from bloodcells.augmentation.randaugment.policy import DRAWS, Operation, Plan, sample

LONGEST = 3  # operations in a chain


def augmix(
    pixels: np.ndarray, uniforms: np.ndarray, *, chains: int, magnitude: float, magnitude_stddev: float
) -> np.ndarray:
    """Blends the results of `chains` chains with weights from Dirichlet(1, …, 1), and the image with a uniform weight.

    pixels: uint8 (b, h, w, 3); uniforms: float64 (b, 14 chains + 1) in [0, 1). Returns new images of the same shape and
    type. A chain has one, two or three operations of RandAugment, each number with equal probability.
    Hendrycks et al. 2020, arXiv:1912.02781, algorithm 1.
    """
    of_image, lengths = uniforms[:, 0], uniforms[:, 1 : 1 + chains]
    exponential = np.maximum(-np.log1p(-uniforms[:, -chains:]), np.finfo(float).tiny)  # their sum must not be 0
    weights = exponential / exponential.sum(axis=1, keepdims=True)
    blend = of_image[:, None, None, None] * pixels
    for k in range(chains):
        first = 1 + chains + k * DRAWS * LONGEST
        drawn = uniforms[:, first : first + DRAWS * LONGEST]
        plan = sample(drawn, magnitude=magnitude, magnitude_stddev=magnitude_stddev, rate=1.0)
        ended = np.arange(LONGEST) > np.floor(LONGEST * lengths[:, k : k + 1])
        operations = np.where(ended, Operation.NONE, plan.operations)
        changed = randaugment(pixels, Plan(operations, plan.amounts, plan.thresholds))
        blend += ((1 - of_image) * weights[:, k])[:, None, None, None] * changed
    return np.rint(blend).astype(np.uint8)
