"""The operations of which chains of distortions consist."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bloodcells.config.schema import AugmentationStep
from bloodcells.evaluation.shift import artifacts, blur, color, damage, geometry, tones
from bloodcells.evaluation.shift.catalogue import COMMON, LANDINI, MNIST_C, TELLEZ, resembling
from bloodcells.evaluation.shift.geometry import with_any_border

AUTOAUGMENT = "Cubuk et al. 2018, arXiv:1805.09501"
MEDMNIST_C = "Di Salvo et al. 2024, arXiv:2406.17536"


@dataclass(frozen=True)
class Operation:
    """One operation of a chain.

    apply: maps an image, uint8 (h, w, 3), a strength and a random generator to uint8 (h, w, 3). It draws the same
        random numbers at every strength, so a stronger operation changes the image in the same way, but more
    group: operations of one group change the same property; a chain contains at most one of them
    neutral, limit: the strength without any effect, and the one at which a person can still just recognize the cell
    source: a short citation
    """

    apply: Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
    group: str
    neutral: float
    limit: float
    source: str

    @property
    def name(self) -> str:
        return self.apply.__name__


_ALL = (
    Operation(with_any_border(geometry.rotation), "geometry", 0, 180, MNIST_C),
    Operation(with_any_border(geometry.translation), "geometry", 0, 0.3, MNIST_C),
    Operation(with_any_border(geometry.shear), "geometry", 0, 0.5, MNIST_C),
    Operation(with_any_border(geometry.zoom), "geometry", 1, 1.6, MNIST_C),
    Operation(geometry.elastic, "geometry", 0, 0.035, f"Simard et al. 2003; {COMMON}"),
    Operation(color.stain, "color", 0, 0.9, f"{TELLEZ}; {LANDINI}"),
    Operation(color.hue, "color", 0, 180, "Tellez et al. 2019, doi 10.1016/j.media.2019.101544"),
    Operation(color.white_balance, "color", 0, 0.8, "Afifi and Brown 2019, arXiv:1912.06960"),
    Operation(color.saturation, "color", 0, 1, COMMON),
    Operation(color.channel_permutation, "color", 0, 1, "Buslaev et al. 2020, doi 10.3390/info11020125"),
    Operation(artifacts.stain_deposit, "artifact", 0, 0.15, MEDMNIST_C),
    Operation(artifacts.bubbles, "artifact", 0, 0.3, MEDMNIST_C),
    Operation(color.brightness, "light", 0, 0.35, COMMON),
    Operation(color.contrast, "light", 1, 3, COMMON),
    Operation(tones.gamma, "light", 1, 2.5, MEDMNIST_C),
    Operation(tones.equalize, "light", 0, 1, AUTOAUGMENT),
    Operation(tones.posterize, "light", 1, 85, AUTOAUGMENT),
    Operation(tones.solarize, "light", 255, 127.5, AUTOAUGMENT),
    Operation(tones.illumination, "light", 0, 1, "Peng et al. 2017, doi 10.1038/ncomms14836"),
    Operation(blur.defocus_blur, "blur", 0, 0.045, COMMON),
    Operation(blur.motion_blur, "blur", 0, 0.16, COMMON),
    Operation(blur.sharpen, "blur", 0, 4, AUTOAUGMENT),
    Operation(damage.gaussian_noise, "noise", 0, 0.25, COMMON),
    Operation(damage.speckle, "noise", 0, 0.4, COMMON),
    Operation(damage.salt_and_pepper, "noise", 0, 0.25, COMMON),
    Operation(damage.jpeg_compression, "compression", 0, 7, COMMON),
    Operation(damage.pixelate, "compression", 1, 0.2, COMMON),
    Operation(damage.occlusion, "occlusion", 0, 0.4, "DeVries and Taylor 2017, arXiv:1708.04552"),
    Operation(damage.rectangles, "occlusion", 0, 0.4, "Zhong et al. 2017, arXiv:1708.04896"),
)
OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in _ALL}


def resembled(augmentation: Mapping[str, AugmentationStep]) -> list[str]:
    """The operations that a training augmentation resembles, in the order of OPERATIONS."""
    return [name for name in OPERATIONS if resembling(name, augmentation)]
