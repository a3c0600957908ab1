"""Augmentation steps for distorted images, of which `augmentation=strong` consists, in the order in which they run.

Each operation has its own chance and a limit. As in steps.py, implementations are imported when a step runs.
"""

from dataclasses import dataclass

import numpy as np

from bloodcells.config.options import option
from bloodcells.config.schema.augmentation import AugmentationStep
from bloodcells.config.schema.ranges import within


@option("augmentation", "affine")
@dataclass
class Affine(AugmentationStep):
    """The symmetries of the square for all images, and with a chance rotation, translation, zoom and shear together.

    rotation: in degrees, in either direction; translate: share of the side; zoom: largest factor, or its inverse;
    shear: slope
    """

    chance: float = within("[0, 1]")
    rotation: float = within("[0, 180]")
    translate: float = within("[0, 1)")
    zoom: float = within("[1, 10]")
    shear: float = within("[0, 1]")
    draws = 9
    resembles = ("rotation", "translation", "zoom", "shear")

    def on_images(self, pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        from bloodcells.augmentation.affine import affine

        return affine(pixels, uniforms, **vars(self))


@option("augmentation", "tones")
@dataclass
class Tones(AugmentationStep):
    """Equalize, channel shift, gamma, posterize, solarize and channel permutation, each with the same chance.

    channel_shift: share of 255; gamma: largest exponent, or its inverse; posterize: widest step between levels, of 255;
    solarize: lowest threshold, as a share of 255
    """

    chance: float = within("[0, 1]")
    channel_shift: float = within("[0, 1]")
    gamma: float = within("[1, 10]")
    posterize: float = within("[1, 255]")
    solarize: float = within("[0, 1]")
    draws = 13
    resembles = (
        "stain",
        "white_balance",
        "channel_permutation",
        "brightness",
        "contrast",
        "gamma",
        "equalize",
        "posterize",
        "solarize",
    )

    def on_images(self, pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        from bloodcells.augmentation.tones import tones

        return tones(pixels, uniforms, **vars(self))


@option("augmentation", "damage")
@dataclass
class Damage(AugmentationStep):
    """Gaussian blur, motion blur, lower resolution, normal noise and JPEG compression, each with the same chance.

    blur: largest standard deviation, motion: largest length, both as shares of the side; pixelate: lowest share of the
    pixels of a side; noise: largest standard deviation, as a share of 255; jpeg: lowest quality
    """

    chance: float = within("[0, 1]")
    blur: float = within("[0, 1]")
    motion: float = within("[0, 1]")
    pixelate: float = within("(0, 1]")
    noise: float = within("[0, 1]")
    jpeg: int = within("[1, 100]")
    draws = 11
    resembles = (
        "defocus_blur",
        "motion_blur",
        "gaussian_noise",
        "speckle",
        "jpeg",
        "jpeg_compression",
        "pixelate",
    )

    def on_images(self, pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        from bloodcells.augmentation.damage import damage

        return damage(pixels, uniforms, **vars(self))


@option("augmentation", "covered")
@dataclass
class Covered(AugmentationStep):
    """A rectangle (cutout) and the squares of a grid (GridMask), each with the same chance, in one random color.

    cutout: largest share of each side; period: largest distance of the squares, as a share of the side; ratio: width of
    the squares as a share of their distance
    """

    chance: float = within("[0, 1]")
    cutout: float = within("[0, 1]")
    period: float = within("[0.05, 1]")  # shorter ones have squares of less than a pixel or two
    ratio: float = within("[0, 1)")
    draws = 10
    resembles = ("occlusion", "rectangles")

    def on_images(self, pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        from bloodcells.augmentation.covered import covered

        return covered(pixels, uniforms, **vars(self))
