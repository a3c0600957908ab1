"""Batches for training: a pure function of (seed, epoch, example), made ahead of the model by several threads."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import numpy as np
import tensorflow as tf

PREFETCHED = 8  # batches made ahead, so that a slow one does not keep the model waiting
DRAWS = 4  # tells these random numbers from others of the same seed


class Augment(Protocol):
    """What the pipeline asks of augmentation: see bloodcells/augmentation/compose.py."""

    @property
    def numbers(self) -> int:
        """How many random numbers it takes for an image."""

    @property
    def layer(self) -> Callable[[tf.Tensor], tf.Tensor] | None:
        """What TensorFlow does to images, float32 (b, h, w, 3) in 0..255, after `images`."""

    def images(self, pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray: ...

    def batch(self, pixels: np.ndarray, labels: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...


class TrainingBatches:
    """Every image once an epoch, in an order and with an augmentation that follow from (seed, epoch, example).

    Each epoch has a table of random numbers, a row an image: whichever thread makes a batch, in whatever order, finds
    there what is to become of its images.

    pixels: uint8 (n, h, w, 3); labels: float32 (n, classes), rows that sum to 1.
    workers: threads that make batches; their number changes nothing but the time.
    devices: how many share each batch out among them. They must get equal parts, or a device's images would count more
        than another's, so up to devices - 1 images, others each epoch, sit it out.
    """

    def __init__(
        self,
        pixels: np.ndarray,
        labels: np.ndarray,
        augment: Augment,
        batch_size: int,
        seed: int,
        workers: int = 1,
        devices: int = 1,
    ) -> None:
        self._pixels, self._labels, self._augment = pixels, labels, augment
        self._used = len(pixels) - len(pixels) % devices
        self.steps = math.ceil(self._used / batch_size)
        self._batch_size, self._seed, self._workers = batch_size, seed, workers
        self._epoch = lru_cache(maxsize=2)(self._drawn)  # threads work on the end of one and the beginning of the next

    def __len__(self) -> int:
        """Images an epoch."""
        return self._used

    def first(self) -> tuple[np.ndarray, np.ndarray]:
        """The first batch of the first epoch."""
        images, labels = next(iter(self.from_epoch(0).take(1)))
        return images.numpy(), labels.numpy()

    def from_epoch(self, epoch: int) -> tf.data.Dataset:
        """Endless batches: images uint8 (b, h, w, 3), labels float32 (b, classes).

        `steps` of them make an epoch, whose last may be smaller. Asked again, it gives the same batches; asked for a
        later epoch, those that would have come then.
        """
        numbers = tf.data.Dataset.range(epoch * self.steps, tf.int64.max)
        if layer := self._augment.layer:
            batches = numbers.map(self._changed, self._workers)
            batches = batches.map(lambda pixels, *others: (_through(layer, pixels), *others), self._workers)
            batches = batches.map(self._mixed, self._workers)
        else:
            batches = numbers.map(self._made, self._workers)
        batches = batches.prefetch(PREFETCHED)
        options = tf.data.Options()
        # Threads of its own, that the model's are never kept waiting.
        options.threading.private_threadpool_size = self._workers
        # All of them map, which wants no tuning; and where a pipeline ends it would wait, at times long, for its tuner.
        options.autotune.enabled = False
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        return batches.with_options(options)

    def _drawn(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The epoch's order, int64 (used,), and random numbers in [0, 1), float64 (n, numbers)."""
        rng = np.random.default_rng([self._seed, DRAWS, epoch])
        return rng.permutation(len(self._pixels))[: self._used], rng.random((len(self._pixels), self._augment.numbers))

    def _made(self, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The batch of this number, counted over all epochs, in one visit to Python: each has to wait for its lock."""

        def made(number: int) -> tuple[np.ndarray, np.ndarray]:
            return self._augment.batch(*self._images(number))

        return self._shaped(*tf.numpy_function(made, [number], (tf.uint8, tf.float32), stateful=False))

    def _changed(self, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The batch of this number before what happens to it as a whole; and its random numbers."""
        kinds = (tf.uint8, tf.float32, tf.float64)
        pixels, labels, uniforms = tf.numpy_function(self._images, [number], kinds, stateful=False)
        return (*self._shaped(pixels, labels), tf.ensure_shape(uniforms, (None, self._augment.numbers)))

    def _images(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        epoch, step = divmod(int(number), self.steps)
        order, numbers = self._epoch(epoch)
        chosen = order[step * self._batch_size : (step + 1) * self._batch_size]
        uniforms = numbers[chosen]
        return self._augment.images(self._pixels[chosen], uniforms), self._labels[chosen], uniforms

    def _mixed(self, pixels: tf.Tensor, labels: tf.Tensor, uniforms: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        mixed = tf.numpy_function(
            self._augment.batch, [pixels, labels, uniforms], (tf.uint8, tf.float32), stateful=False
        )
        return self._shaped(*mixed)

    def _shaped(self, pixels: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return (
            tf.ensure_shape(pixels, (None, *self._pixels.shape[1:])),
            tf.ensure_shape(labels, (None, self._labels.shape[1])),
        )


def _through(layer: Callable[[tf.Tensor], tf.Tensor], pixels: tf.Tensor) -> tf.Tensor:
    """What `layer` makes of the images, rounded to uint8."""
    changed = tf.clip_by_value(layer(tf.cast(pixels, tf.float32)), 0.0, 255.0)
    return tf.cast(tf.round(changed), tf.uint8)
