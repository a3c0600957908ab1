"""Whole sets of images, distorted."""

import hashlib

import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.evaluation.shift.catalogue import DISTORTIONS
from bloodcells.evaluation.shift.strengths import SEVERITIES


def distort(pixels: np.ndarray, examples: np.ndarray, name: str, severity: int, seed: int) -> np.ndarray:
    """Each image distorted in the way called `name`.

    pixels: uint8 (n, h, w, 3), RGB; examples: str (n,), their names; gives uint8 (n, h, w, 3), in their order.
    An image's randomness follows from (seed, name, its example) alone, whatever stands around it: at a higher severity
    it is distorted the same way, but more. Raises InputError for a name or a severity that there is not.
    """
    if name not in DISTORTIONS:
        raise InputError(f"distortion {name}: expected one of {', '.join(DISTORTIONS)}")
    if severity not in SEVERITIES:
        raise InputError(f"severity {severity}: expected one of {', '.join(map(str, SEVERITIES))}")
    distortion = DISTORTIONS[name]
    distorted = np.empty_like(pixels)
    for number, (image, example) in enumerate(zip(pixels, examples, strict=True)):
        digest = hashlib.sha256(f"{seed}/{name}/{example}".encode()).digest()
        distorted[number] = distortion.apply(image, severity, np.random.default_rng(int.from_bytes(digest)))
    return distorted
