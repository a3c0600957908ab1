"""Distorts sets of images."""

import hashlib

import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.evaluation.shift.catalogue import Distortion
from bloodcells.evaluation.shift.strengths import SEVERITIES


def distort(
    pixels: np.ndarray, examples: np.ndarray, distortion: Distortion, *, severity: int, seed: int
) -> np.ndarray:
    """Applies a distortion to each image.

    pixels: uint8 (n, h, w, 3), RGB; examples: str (n,), their names. Returns uint8 (n, h, w, 3), in the same order.
    The random numbers for an image depend only on (seed, the distortion's name, its example), so a higher severity
    distorts it in the same way, but more strongly. Raises InputError for an unknown severity.
    """
    if severity not in SEVERITIES:
        raise InputError(f"severity {severity}: expected one of {', '.join(map(str, SEVERITIES))}")
    distorted = np.empty_like(pixels)
    for number, (image, example) in enumerate(zip(pixels, examples, strict=True)):
        digest = hashlib.sha256(f"{seed}/{distortion.name}/{example}".encode()).digest()
        distorted[number] = distortion.apply(image, severity, np.random.default_rng(int.from_bytes(digest)))
    return distorted
