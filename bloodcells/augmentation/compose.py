"""The chosen augmentation steps as one object, which the input pipeline applies."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bloodcells.config.schema import AugmentationStep


class Augmentation:
    """Applies the chosen steps in order: on single images, then TensorFlow layers, then on whole batches.

    Offline steps instead change the training set once, before training: see `training_set`.

    steps: the chosen steps by name
    seed: for offline steps and layers, which draw their random numbers themselves
    """

    def __init__(self, steps: Mapping[str, AugmentationStep], seed: int) -> None:
        self._seed = seed
        self._offline = [step for step in steps.values() if step.is_offline]
        self._online = [step for step in steps.values() if not step.is_offline]
        self._layers = [layer for step in self._online if (layer := step.layer(seed)) is not None]

    @property
    def draws(self) -> int:
        """The number of uniform random numbers that the steps take per image."""
        return sum(step.draws for step in self._online)

    @property
    def mixes_labels(self) -> bool:
        """Whether a step mixes the images of a batch, and their labels with them."""
        return any(type(step).on_batch is not AugmentationStep.on_batch for step in self._online)

    @property
    def layer(self) -> Callable[[Any], Any] | None:
        """The layers of the steps as one TensorFlow function on float32 images (b, h, w, 3) in 0..255, or None."""
        if not self._layers:
            return None

        def apply(images: Any) -> Any:
            for layer in self._layers:
                images = layer(images)
            return images

        return apply

    def training_set(self, pixels: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The training set after the offline steps: uint8 (n, h, w, 3) and float32 (n, classes)."""
        for step in self._offline:
            pixels, labels = step.on_training_set(pixels, labels, self._seed)
        return pixels, labels

    def images(self, pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """Images, uint8 (b, h, w, 3), after the steps on single images. uniforms: float64 (b, draws) in [0, 1)."""
        for step, drawn in self._with_draws(uniforms):
            pixels = step.on_images(pixels, drawn)
        return pixels

    def batch(self, pixels: np.ndarray, labels: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Images and labels, float32 (b, classes), after the steps on batches."""
        for step, drawn in self._with_draws(uniforms):
            pixels, labels = step.on_batch(pixels, labels, drawn)
        return pixels, labels

    def _with_draws(self, uniforms: np.ndarray) -> list[tuple[AugmentationStep, np.ndarray]]:
        """Each step with its columns of the uniform numbers."""
        ends = np.cumsum([step.draws for step in self._online])
        return [(step, uniforms[:, end - step.draws : end]) for step, end in zip(self._online, ends, strict=True)]


def name_of(steps: Mapping[str, AugmentationStep]) -> str:
    """A name such as "flip_translate+color+mixup", or "none". Offline steps come first, as "mixup_offline"."""
    offline = [f"{name}_offline" for name, step in steps.items() if step.is_offline]
    online = [name for name, step in steps.items() if not step.is_offline]
    return "+".join(offline + online) or "none"
