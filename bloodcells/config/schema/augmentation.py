"""The base class of augmentation steps. The steps are in bloodcells/augmentation/, their values in conf/."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np


@dataclass
class AugmentationStep:
    """One step of augmentation. Its fields are its settings; it overrides the methods below as needed.

    A config maps the names of the chosen steps to their settings. Steps run in the order in which they are registered
    with `@option("augmentation", NAME)`: first `on_images` of every step, then the layers, then `on_batch`.

    `on_images` and `on_batch` must not draw random numbers themselves: they get `uniforms`, float64 (b, draws) in
    [0, 1), one row per image. So an image's augmentation depends only on the seed, the epoch and the image.
    """

    # Distortions and operations of the evaluation (evaluation/shift/) that the step resembles: accuracy under these
    # does not count as "unseen".
    resembles: ClassVar[tuple[str, ...]] = ()
    # True if the step draws random numbers itself: then two runs with the same seed differ.
    has_random_state: ClassVar[bool] = False

    @property
    def draws(self) -> int:
        """The number of uniform random numbers that the step takes per image."""
        return 0

    @property
    def is_offline(self) -> bool:
        """Whether the step changes the training set once, by `on_training_set`, instead of the batches."""
        return False

    def on_images(self, pixels: "np.ndarray", uniforms: "np.ndarray") -> "np.ndarray":
        """Changes images independently of each other. Takes and returns uint8 (b, h, w, 3), RGB."""
        return pixels

    def layer(self, seed: int) -> Callable[[Any], Any] | None:
        """A TensorFlow function on images, float32 (b, h, w, 3) in 0..255, or None."""
        return None

    def on_batch(
        self, pixels: "np.ndarray", labels: "np.ndarray", uniforms: "np.ndarray"
    ) -> "tuple[np.ndarray, np.ndarray]":
        """Mixes the images of a batch. Takes and returns uint8 (b, h, w, 3) and labels, float32 (b, classes)."""
        return pixels, labels

    def on_training_set(self, pixels: "np.ndarray", labels: "np.ndarray", seed: int) -> "tuple[np.ndarray, np.ndarray]":
        """Changes the whole training set before training starts. Shapes as in `on_batch`."""
        return pixels, labels
