"""The distortions: name, group, source, and the training steps that resemble them."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from bloodcells.config.schema import Augmentation
from bloodcells.evaluation.shift import blur, color, damage, geometry
from bloodcells.evaluation.shift.strengths import MIXED, STRENGTHS

Operation = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]

COMMON = "Hendrycks and Dietterich 2019, arXiv:1903.12261"
MNIST_C = "Mu and Gilmer 2019, arXiv:1906.02337"
TELLEZ = "Tellez et al. 2018, doi 10.1109/TMI.2018.2820199"
LANDINI = "stains: Ruifrok and Johnston 2001; Landini et al. 2021, doi 10.1093/bioinformatics/btaa847"


@dataclass(frozen=True)
class Distortion:
    """One distortion.

    group: distortions of one group change the same property; source: a short citation
    overlaps: the fields of `Augmentation` that train on a similar change
    apply: maps an image, uint8 (h, w, 3), a severity in 1..5 and a random generator to uint8 (h, w, 3). It draws
        equally many random numbers at every severity, so a higher severity distorts in the same way, but more strongly.
    """

    name: str
    group: str
    source: str
    overlaps: tuple[str, ...]
    apply: Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def _graded(operation: Operation, group: str, source: str, *overlaps: str) -> Distortion:
    values = STRENGTHS[operation.__name__].values
    return Distortion(
        operation.__name__,
        group,
        source,
        overlaps,
        lambda image, severity, rng: operation(image, values[severity - 1], rng),
    )


# RandAugment of keras-cv stretches and equalises each channel, solarises, reduces colour, changes contrast and
# brightness, shears and translates. Translation, flips and mixup resemble no distortion here.
_SINGLE = (
    _graded(geometry.rotation, "geometry", MNIST_C),
    _graded(geometry.shear, "geometry", MNIST_C, "randaugment", "randaugment_kerascv"),
    _graded(geometry.zoom, "geometry", MNIST_C),
    _graded(geometry.elastic, "geometry", f"Simard et al. 2003; {COMMON}"),
    _graded(color.stain, "colour", f"{TELLEZ}; {LANDINI}", "color", "randaugment", "randaugment_kerascv"),
    _graded(color.hue, "colour", "Tellez et al. 2019, doi 10.1016/j.media.2019.101544", "color"),
    _graded(
        color.white_balance,
        "colour",
        "Afifi and Brown 2019, arXiv:1912.06960",
        "color",
        "randaugment",
        "randaugment_kerascv",
    ),
    _graded(color.brightness, "light", COMMON, "color", "randaugment", "randaugment_kerascv"),
    _graded(color.contrast, "light", COMMON, "color", "randaugment", "randaugment_kerascv"),
    _graded(blur.defocus_blur, "blur", COMMON),
    _graded(blur.motion_blur, "blur", COMMON),
    _graded(damage.gaussian_noise, "noise", COMMON),
    _graded(damage.jpeg, "compression", COMMON),
    _graded(damage.pixelate, "compression", COMMON),
    _graded(damage.occlusion, "occlusion", "DeVries and Taylor 2017, arXiv:1708.04552", "cutmix"),
)
_GROUPS = tuple(dict.fromkeys(part.group for part in _SINGLE))


def _mixture(image: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Applies three distortions of three random groups in catalogue order, roughly that in which an image is taken."""
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
    tuple(field.name for field in fields(Augmentation) if any(field.name in part.overlaps for part in _SINGLE)),
    _mixture,
)

DISTORTIONS: dict[str, Distortion] = {part.name: part for part in (*_SINGLE, _MIXTURE)}


def overlapping(augmentation: Augmentation) -> list[str]:
    """The distortions that a training augmentation resembles, in catalogue order."""
    trained = {field.name for field in fields(augmentation) if getattr(augmentation, field.name) is not None}
    return [name for name, distortion in DISTORTIONS.items() if trained.intersection(distortion.overlaps)]
