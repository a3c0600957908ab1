"""The chosen steps in their order.

On single images: flips and translation, colour, RandAugment; then on batches: mixup, CutMix. Offline mixup comes before
all of them, since it makes images.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import tensorflow as tf

from bloodcells.augmentation.color import color
from bloodcells.augmentation.flip_translate import flip_translate
from bloodcells.augmentation.kerascv import randaugment_kerascv
from bloodcells.augmentation.mixing import cutmix, doubled, mixup
from bloodcells.config.schema import Augmentation

ImageStep = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
BatchStep = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


@dataclass(frozen=True)
class Steps:
    """What happens to each image (float32 (h, w, 3) in 0..255, seed) and then to each batch (images, labels, seed)."""

    on_images: tuple[ImageStep, ...]
    on_batches: tuple[BatchStep, ...]

    def image(self, image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        for number, step in enumerate(self.on_images):
            image = step(image, tf.random.fold_in(seed, number))
        return image

    def batch(self, images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        for number, step in enumerate(self.on_batches):
            images, labels = step(images, labels, tf.random.fold_in(seed, number))
        return images, labels


def steps(config: Augmentation, seed: int) -> Steps:
    """The steps that `config` chooses. `seed` is for keras-cv's layer alone; the others get theirs with each image."""
    on_images: list[ImageStep] = []
    on_batches: list[BatchStep] = []
    if moves := config.flip_translate:
        on_images.append(lambda image, seed: flip_translate(image, seed, moves))
    if colors := config.color:
        on_images.append(lambda image, seed: color(image, seed, colors))
    if config.randaugment_kerascv:
        layer = randaugment_kerascv(config.randaugment_kerascv, seed)
        on_images.append(lambda image, seed: layer(image))
    if (blend := config.mixup) and not blend.offline:
        on_batches.append(lambda images, labels, seed: mixup(images, labels, seed, blend))
    if cut := config.cutmix:
        on_batches.append(lambda images, labels, seed: cutmix(images, labels, seed, cut))
    return Steps(tuple(on_images), tuple(on_batches))


def beforehand(
    pixels: np.ndarray, labels: np.ndarray, config: Augmentation, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The training set as it enters the pipeline: doubled by offline mixup, or as it is. Shapes as in `doubled`."""
    if config.mixup and config.mixup.offline:
        return doubled(pixels, labels, config.mixup, seed)
    return pixels, labels


def name_of(config: Augmentation) -> str:
    """The steps in their order, such as "flip_translate+color+mixup", or "none"; offline mixup, the first, says so."""
    names = [f.name for f in fields(config) if getattr(config, f.name)]
    if config.mixup and config.mixup.offline:
        names = ["mixup_offline", *(name for name in names if name != "mixup")]
    return "+".join(names) or "none"
