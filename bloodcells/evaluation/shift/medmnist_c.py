"""The corruptions of MedMNIST-C for blood cells: a published benchmark, drawn by this package.

Di Salvo, Doerrich and Ledig 2024, MedMNIST-C: Comprehensive benchmark and improved classifier robustness by simulating
realistic image corruptions, arXiv:2406.17536. The parameters and errors are those of BloodMNIST in the authors'
repository, github.com/francescodisalvo05/medmnistc-api, commit 8acfd27, files registry.py and baselines.py.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageEnhance
from scipy.special import ndtr, ndtri

from bloodcells.evaluation.shift import damage
from bloodcells.evaluation.shift.blending import rounded
from bloodcells.evaluation.shift.blur import defocus_blur, spread
from bloodcells.evaluation.shift.catalogue import Catalogue, Operation, graded

SIDE = 224  # pixels; lengths in PARAMETERS refer to images of this size
PARAMETERS = {  # at severities 1 to 5
    "pixelate": (0.6, 0.5, 0.4, 0.3, 0.25),  # pixels kept along each side, fraction
    "jpeg": (50, 30, 15, 10, 7),  # libjpeg quality
    "defocus_blur": (2, 3, 4, 5, 6),  # radius of the disc
    "motion_blur": ((3, 3), (5, 5), (10, 5), (10, 7), (10, 9)),  # radius, standard deviation
    "brightness_up": (1.1, 1.2, 1.3, 1.35, 1.4),  # factor
    "brightness_down": (0.9, 0.8, 0.7, 0.6, 0.5),  # factor
    "contrast_up": (1.1, 1.15, 1.2, 1.25, 1.3),  # factor
    "contrast_down": (0.9, 0.8, 0.7, 0.6, 0.5),  # factor
    "saturate": (0.05, 0.1, 0.15, 0.17, 0.2),  # added saturation
    "stain_deposit": ((1, 24), (2, 24), (3, 24), (3, 24), (3, 32)),  # largest number, width
    "bubble": ((5, 10), (7, 10), (10, 10), (12, 12), (15, 12)),  # largest radius, largest number
}
ALEXNET = {  # error of AlexNet: mean over the severities of 1 - balanced accuracy
    "pixelate": 0.059756,
    "jpeg": 0.139762,
    "defocus_blur": 0.223998,
    "motion_blur": 0.184519,
    "brightness_up": 0.069463,
    "brightness_down": 0.079008,
    "contrast_up": 0.052154,
    "contrast_down": 0.079661,
    "saturate": 0.034786,
    "stain_deposit": 0.185361,
    "bubble": 0.128988,
}
ALEXNET_CLEAN = 0.018369  # on undistorted images


def _at_published_size(operation: Operation) -> Operation:
    """Enlarges the image to SIDE, distorts it and reduces it again: for blocks of a fixed number of pixels."""

    def apply(image: np.ndarray, parameter: float, rng: np.random.Generator) -> np.ndarray:
        height, width = image.shape[:2]
        scale = SIDE / min(height, width)
        large = np.asarray(Image.fromarray(image).resize((round(scale * width), round(scale * height))))
        return np.asarray(Image.fromarray(operation(large, parameter, rng)).resize((width, height)))

    return apply


def _defocus_blur(image: np.ndarray, radius: float, rng: np.random.Generator) -> np.ndarray:
    return defocus_blur(image, radius / SIDE, rng)


def _motion_blur(image: np.ndarray, parameter: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """Spreads each point to one side, at most 45 degrees from the horizontal.

    As in ImageMagick, over 2 * radius + 1 pixels, with weights that fall like a normal density.
    """
    radius, deviation = parameter
    angle = np.deg2rad(rng.uniform(-45, 45))
    first, last = ndtr([-0.5 / deviation, (2 * radius + 0.5) / deviation])
    distances = deviation * ndtri(first + (last - first) * (np.arange(60) + 0.5) / 60)
    return spread(image, np.outer(distances / SIDE * min(image.shape[:2]), [np.sin(angle), np.cos(angle)]))


def _brightness(image: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Multiplies all values by `factor`."""
    return np.asarray(ImageEnhance.Brightness(Image.fromarray(image)).enhance(factor))


def _contrast(image: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Multiplies the distance of all values from the mean luminance of the image by `factor`."""
    return np.asarray(ImageEnhance.Contrast(Image.fromarray(image)).enhance(factor))


def _saturate(image: np.ndarray, added: float, rng: np.random.Generator) -> np.ndarray:
    """Adds `added` to the saturation (HSV), up to 1. Grays turn red, since their hue is 0."""
    value = image.max(axis=2, keepdims=True).astype(np.float32)
    below = value - image
    lowest = below.max(axis=2, keepdims=True)
    colors = np.where(lowest > 0, below / np.maximum(lowest, 1), np.array([0, 1, 1], np.float32))
    saturation = np.minimum(lowest / np.maximum(value, 1) + np.float32(added), 1)
    return rounded(value * (1 - saturation * colors))


def _offsets(image: np.ndarray, place: Sequence[float], margin: float) -> np.ndarray:
    """How far each pixel is from a point, down and right: (2, h, w), in pixels of the published size.

    place: of the point along each axis, in [0, 1], between two margins
    """
    scale = SIDE / min(image.shape[:2])
    axes = zip(np.indices(image.shape[:2]), image.shape, place, strict=False)
    return np.stack([(k + 0.5) * scale - margin - share * (length * scale - 2 * margin) for k, length, share in axes])


def _stain_deposit(image: np.ndarray, parameter: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Covers parts of the image with black blots: one, or up to the largest number."""
    most, width = parameter
    covered = image.copy()
    count = 1 + int(rng.random() * most)
    for *place, second, third in rng.random((3, 4))[:count]:
        down, right = _offsets(image, place, 10 + width / 2)
        angle = np.arctan2(down, right)
        waves = np.cos(2 * (angle + np.pi * second)) + np.cos(3 * (angle + np.pi * third))
        covered[np.hypot(down, right) <= width / 2 * (0.85 + 0.075 * waves)] = 0
    return covered


def _bubble(image: np.ndarray, parameter: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Lays 7 or more translucent white discs, of radius 3 or more and with a denser rim, over the image."""
    largest, most = parameter
    white = np.zeros(image.shape[:2])
    count = 7 + int(rng.random() * (most - 6))
    for *place, growth in rng.random((12, 3))[:count]:
        radius = 3 + growth * (largest - 3)
        distance = np.hypot(*_offsets(image, place, radius))
        white[distance <= radius + 2] = 130
        white[distance <= radius] = 100
    return rounded(image + (255.0 - image) * white[..., None] / 255)


_OPERATIONS: dict[str, tuple[str, Operation]] = {
    "pixelate": ("digital", _at_published_size(damage.pixelate)),
    "jpeg": ("digital", _at_published_size(damage.jpeg)),
    "defocus_blur": ("blur", _defocus_blur),
    "motion_blur": ("blur", _motion_blur),
    "brightness_up": ("color", _brightness),
    "brightness_down": ("color", _brightness),
    "contrast_up": ("color", _contrast),
    "contrast_down": ("color", _contrast),
    "saturate": ("color", _saturate),
    "stain_deposit": ("task-specific", _stain_deposit),
    "bubble": ("task-specific", _bubble),
}
CORRUPTIONS: Catalogue = {
    name: graded(operation, PARAMETERS[name], name=name, group=group, source="Di Salvo et al. 2024, arXiv:2406.17536")
    for name, (group, operation) in _OPERATIONS.items()
}
