"""The grid of distortions: name, group and source, and which training steps resemble them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bloodcells.config.schema import AugmentationStep
from bloodcells.evaluation.shift import blur, color, damage, geometry
from bloodcells.evaluation.shift.strengths import MIXED, STRENGTHS

Operation = Callable[[np.ndarray, Any, np.random.Generator], np.ndarray]

COMMON = "Hendrycks and Dietterich 2019, arXiv:1903.12261"
MNIST_C = "Mu and Gilmer 2019, arXiv:1906.02337"
TELLEZ = "Tellez et al. 2018, doi 10.1109/TMI.2018.2820199"
LANDINI = "stains: Ruifrok and Johnston 2001; Landini et al. 2021, doi 10.1093/bioinformatics/btaa847"


@dataclass(frozen=True)
class Distortion:
    """One distortion.

    group: distortions of one group change the same property; source: a short citation
    apply: maps an image, uint8 (h, w, 3), a severity in 1..5 and a random generator to uint8 (h, w, 3). It draws the
        same random numbers at every severity, so a higher severity distorts in the same way, but more strongly.
    """

    name: str
    group: str
    source: str
    apply: Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def graded(operation: Operation, values: Sequence[Any], *, name: str, group: str, source: str) -> Distortion:
    """The distortion that applies `operation` with the strengths `values` at severities 1 to 5."""
    return Distortion(name, group, source, lambda image, severity, rng: operation(image, values[severity - 1], rng))


def _graded(operation: Operation, group: str, source: str) -> Distortion:
    name = operation.__name__
    return graded(operation, STRENGTHS[name].values, name=name, group=group, source=source)


_SINGLE = (
    _graded(geometry.rotation, "geometry", MNIST_C),
    _graded(geometry.shear, "geometry", MNIST_C),
    _graded(geometry.zoom, "geometry", MNIST_C),
    _graded(geometry.elastic, "geometry", f"Simard et al. 2003; {COMMON}"),
    _graded(color.stain, "color", f"{TELLEZ}; {LANDINI}"),
    _graded(color.hue, "color", "Tellez et al. 2019, doi 10.1016/j.media.2019.101544"),
    _graded(color.white_balance, "color", "Afifi and Brown 2019, arXiv:1912.06960"),
    _graded(color.brightness, "light", COMMON),
    _graded(color.contrast, "light", COMMON),
    _graded(blur.defocus_blur, "blur", COMMON),
    _graded(blur.motion_blur, "blur", COMMON),
    _graded(damage.gaussian_noise, "noise", COMMON),
    _graded(damage.jpeg, "compression", COMMON),
    _graded(damage.pixelate, "compression", COMMON),
    _graded(damage.occlusion, "occlusion", "DeVries and Taylor 2017, arXiv:1708.04552"),
)
_GROUPS = tuple(dict.fromkeys(part.group for part in _SINGLE))


def _mixture(image: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Applies three distortions of three random groups, in catalogue order: roughly the order of image formation."""
    chosen = {}
    for group, part_severity in zip(rng.permutation(_GROUPS), MIXED[severity - 1], strict=False):
        members = [number for number, part in enumerate(_SINGLE) if part.group == group]
        chosen[members[rng.integers(len(members))]] = part_severity
    for number in sorted(chosen):
        image = _SINGLE[number].apply(image, chosen[number], rng)
    return image


_MIXTURE = Distortion(
    "mixture",
    "mixture",
    "Mason et al. 2023, Modularity Trumps Invariance for Compositional Robustness",
    _mixture,
)

Catalogue = Mapping[str, Distortion]  # by name
DISTORTIONS: Catalogue = {part.name: part for part in (*_SINGLE, _MIXTURE)}


def resembling(distortion: str, augmentation: Mapping[str, AugmentationStep]) -> list[str]:
    """The training steps that resemble a distortion. Resembling any of DISTORTIONS, they resemble the mixture."""
    names = set(DISTORTIONS) if distortion == _MIXTURE.name else {distortion}
    return [name for name, step in augmentation.items() if names & set(step.resembles)]


def overlapping(augmentation: Mapping[str, AugmentationStep]) -> list[str]:
    """The distortions that a training augmentation resembles, in catalogue order."""
    return [name for name in DISTORTIONS if resembling(name, augmentation)]
