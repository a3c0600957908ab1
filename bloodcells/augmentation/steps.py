"""Augmentation steps, the options of conf/augmentation/, in the order in which they run.

Implementations are imported when a step runs, since numba and keras-cv are slow to import.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bloodcells.config.options import option
from bloodcells.config.schema.augmentation import AugmentationStep
from bloodcells.config.schema.ranges import within


@option("augmentation", "flip_translate")
@dataclass
class FlipTranslate(AugmentationStep):
    """Random flips and translation. `translate`: the largest shift in each direction, as a share of the side."""

    translate: float = within("[0, 1)")
    draws = 4
    resembles = ("translation",)

    def on_images(self, pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        from bloodcells.augmentation.flip_translate import flip_translate

        return flip_translate(pixels, uniforms, self.translate)


@option("augmentation", "color")
@dataclass
class Color(AugmentationStep):
    """Random color changes, each up to a limit.

    brightness: share of 255; contrast, saturation: share of 1; hue: share of a full turn of the color circle.
    """

    brightness: float = within("[0, 1)")
    contrast: float = within("[0, 1)")
    saturation: float = within("[0, 1)")
    hue: float = within("[0, 0.5]")
    draws = 4
    # Turning the hue by 120 degrees permutes the channels.
    resembles = (
        "stain",
        "hue",
        "white_balance",
        "saturation",
        "channel_permutation",
        "brightness",
        "contrast",
        "gamma",
    )

    def on_images(self, pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        from bloodcells.augmentation.color import color

        return color(pixels, uniforms, (self.brightness, self.contrast, self.saturation, self.hue))


@dataclass
class RandAugmentSettings(AugmentationStep):
    """The arguments of keras_cv.layers.RandAugment. Cubuk et al. 2019, arXiv:1909.13719."""

    augmentations_per_image: int = within("[1, inf)")
    magnitude: float = within("[0, 1]")
    magnitude_stddev: float = within("[0, 1]")
    rate: float = within("[0, 1]")
    # The operations are autocontrast, equalize, solarize, random gray, contrast, brightness, shears and translations.
    resembles = (
        "translation",
        "shear",
        "stain",
        "white_balance",
        "saturation",
        "brightness",
        "contrast",
        "gamma",
        "equalize",
        "solarize",
    )


@option("augmentation", "randaugment")
@dataclass
class RandAugment(RandAugmentSettings):
    """RandAugment as a pure function of the image and the uniform numbers."""

    @property
    def draws(self) -> int:
        return 4 * self.augmentations_per_image

    def on_images(self, pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        from bloodcells.augmentation.randaugment.apply import randaugment
        from bloodcells.augmentation.randaugment.policy import sample

        plan = sample(uniforms, magnitude=self.magnitude, magnitude_stddev=self.magnitude_stddev, rate=self.rate)
        return randaugment(pixels, plan)


@option("augmentation", "augmix")
@dataclass
class AugMix(AugmentationStep):
    """AugMix, Hendrycks et al. 2020, arXiv:1912.02781, with the operations of RandAugment and without its extra loss.

    chains: number of chains of one to three operations that are blended; magnitude: as in RandAugment
    """

    chains: int = within("[1, 10]")
    magnitude: float = within("[0, 1]")
    magnitude_stddev: float = within("[0, 1]")
    resembles = RandAugmentSettings.resembles

    @property
    def draws(self) -> int:
        return 14 * self.chains + 1

    def on_images(self, pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        from bloodcells.augmentation.augmix import augmix

        return augmix(pixels, uniforms, **vars(self))


@option("augmentation", "randaugment_kerascv")
@dataclass
class RandAugmentKerasCV(RandAugmentSettings):
    """keras-cv's own layer (https://github.com/keras-team/keras-cv), for comparison.

    Its random state starts from the seed and changes with every call, so in a parallel pipeline the augmentation of an
    image depends on the order of the calls.
    """

    has_random_state = True

    def layer(self, seed: int) -> Callable[[Any], Any]:
        import keras
        import keras_cv
        import tensorflow as tf

        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy("float32")  # some of its operations fail in mixed precision
        try:
            layer = keras_cv.layers.RandAugment(
                value_range=(0, 255),
                augmentations_per_image=self.augmentations_per_image,
                magnitude=self.magnitude,
                magnitude_stddev=self.magnitude_stddev,
                rate=self.rate,
                seed=seed,
            )
        finally:
            keras.config.set_dtype_policy(policy)

        def augment(images: tf.Tensor) -> tf.Tensor:
            return tf.ensure_shape(layer(images), images.shape)

        # keras-cv has Python branches on tensors, which work only inside a tf.function.
        return tf.function(augment)
