"""Chains of operations: several distortions of different kinds on one image, as in a heavily distorted test set.

Composed distortions predict accuracy on new distortions better than single ones: Mintun, Kirillov and Xie 2021,
arXiv:2102.11273 (section 5), and Mason et al. 2023, Modularity Trumps Invariance for Compositional Robustness.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bloodcells.evaluation.shift.operations import OPERATIONS


@dataclass(frozen=True)
class Link:
    """One operation of a chain.

    operation: its name in OPERATIONS; share: of the way from no effect to its limit at full strength, in [0, 1)
    seed: of the operation's own random numbers
    """

    operation: str
    share: float
    seed: int


def chain(example: str, *, length: int, draw: int, seed: int) -> list[Link]:
    """Draws the chain of an image; it follows from the arguments alone.

    length: the chain has at least half of it, rounded up, and at most all of it, each number with equal probability
    draw: the number of the draw, from 0, so that an image can have several chains
    All links have different groups, each group and each of its operations with equal probability. They are in the order
    of OPERATIONS: roughly the order of image formation.
    """
    digest = hashlib.sha256(f"{seed}/chain {draw}/{example}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest))
    groups = dict.fromkeys(operation.group for operation in OPERATIONS.values())
    links = []
    for group in rng.permutation(list(groups))[: rng.integers((length + 1) // 2, length + 1)]:
        members = [name for name, operation in OPERATIONS.items() if operation.group == group]
        links.append(Link(members[rng.integers(len(members))], float(rng.random()), int(rng.integers(2**63))))
    order = list(OPERATIONS)
    return sorted(links, key=lambda link: order.index(link.operation))


def distort_by_chains(
    pixels: np.ndarray,
    examples: Sequence[str] | np.ndarray,
    *,
    strength: float | np.ndarray,
    length: int,
    draw: int,
    seed: int,
) -> np.ndarray:
    """Applies to each image its own chain.

    pixels: uint8 (n, h, w, 3), RGB; examples: the n names of the images, from which their chains follow
    strength: in [0, 1], of all or of each image; multiplies every link's share, so the same chain distorts less at a
        lower strength; at 0 no pixel changes
    length, draw, seed: see `chain`
    Returns uint8 (n, h, w, 3), in the same order.

    Example:
        >>> distort_by_chains(images.pixels, images.examples, strength=1, length=4, draw=0, seed=0).shape
        (600, 96, 96, 3)
    """
    distorted = pixels.copy()
    strengths = np.broadcast_to(strength, len(pixels)).tolist()
    for image, example, share in zip(distorted, examples, strengths, strict=True):
        if share == 0:
            continue
        for link in chain(str(example), length=length, draw=draw, seed=seed):
            operation = OPERATIONS[link.operation]
            value = operation.neutral + share * link.share * (operation.limit - operation.neutral)
            image[:] = operation.apply(image, value, np.random.default_rng(link.seed))
    return distorted
