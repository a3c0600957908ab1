"""The chosen steps in their order.

On single images: flips and translation, colour, RandAugment, keras-cv's RandAugment; then on batches: mixup, CutMix.
Offline mixup comes before all of them, since it makes images.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import tensorflow as tf

from bloodcells.augmentation import color, flip_translate, mixing, randaugment
from bloodcells.augmentation.kerascv import randaugment_kerascv
from bloodcells.config.schema import Augmentation

ImageStep = Callable[[np.ndarray, np.ndarray], np.ndarray]
BatchStep = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Steps:
    """What happens to images, one by one, and then to a batch of them.

    Each step stands with how many uniform random numbers it takes for an image; it gets those, and draws none itself.
    on_images: functions of uint8 (b, h, w, 3) and float64 (b, numbers); on_batches: of labels (b, classes) too, between
        the two. layer: keras-cv's, of float32 (b, h, w, 3) in 0..255, which holds random state of its own, or None.
    """

    on_images: tuple[tuple[int, ImageStep], ...] = ()
    layer: Callable[[tf.Tensor], tf.Tensor] | None = None
    on_batches: tuple[tuple[int, BatchStep], ...] = ()

    @property
    def numbers(self) -> int:
        """How many random numbers all steps take for an image."""
        return _taken(self.on_images) + _taken(self.on_batches)

    def images(self, pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """The images after the steps on single ones. uniforms: float64 (b, `numbers`), in [0, 1)."""
        start = 0
        for numbers, step in self.on_images:
            pixels = step(pixels, uniforms[:, start : start + numbers])
            start += numbers
        return pixels

    def batch(self, pixels: np.ndarray, labels: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Images and labels after the steps on batches."""
        start = _taken(self.on_images)
        for numbers, step in self.on_batches:
            pixels, labels = step(pixels, labels, uniforms[:, start : start + numbers])
            start += numbers
        return pixels, labels


def _taken(steps: Sequence[tuple[int, object]]) -> int:
    return sum(numbers for numbers, _ in steps)


def steps(config: Augmentation, seed: int) -> Steps:
    """The steps that `config` chooses. `seed` is for keras-cv's layer alone; the others are given random numbers."""
    on_images: list[tuple[int, ImageStep]] = []
    on_batches: list[tuple[int, BatchStep]] = []
    if moves := config.flip_translate:
        on_images.append((flip_translate.NUMBERS, partial(flip_translate.flip_translate, config=moves)))
    if colors := config.color:
        on_images.append((color.NUMBERS, partial(color.color, config=colors)))
    if policy := config.randaugment:
        on_images.append((randaugment.numbers(policy), partial(randaugment.randaugment, config=policy)))
    if (blend := config.mixup) and not blend.offline:
        on_batches.append((mixing.MIXUP_NUMBERS, partial(mixing.mixup, config=blend)))
    if cut := config.cutmix:
        on_batches.append((mixing.CUTMIX_NUMBERS, partial(mixing.cutmix, config=cut)))
    layer = randaugment_kerascv(config.randaugment_kerascv, seed) if config.randaugment_kerascv else None
    return Steps(tuple(on_images), layer, tuple(on_batches))


def beforehand(
    pixels: np.ndarray, labels: np.ndarray, config: Augmentation, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The training set as it enters the pipeline: doubled by offline mixup, or as it is. Shapes as in `doubled`."""
    if config.mixup and config.mixup.offline:
        return mixing.doubled(pixels, labels, config.mixup, seed)
    return pixels, labels


def name_of(config: Augmentation) -> str:
    """The steps in their order, such as "flip_translate+color+mixup", or "none"; offline mixup, the first, says so."""
    names = [f.name for f in fields(config) if getattr(config, f.name)]
    if config.mixup and config.mixup.offline:
        names = ["mixup_offline", *(name for name in names if name != "mixup")]
    return "+".join(names) or "none"
