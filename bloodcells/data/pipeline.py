"""Training batches: a pure function of (seed, epoch, example), prepared in advance by several threads."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

PREFETCHED = 8  # batches prepared in advance, so that the model does not wait for a slow one
VISIT = 256  # images prepared in one call of Python, at least: with fewer, threads mostly wait for the GIL
STREAM = 4  # separates these random numbers from others of the same seed


class Augment(Protocol):
    """The pipeline's view of augmentation: see bloodcells/augmentation/compose.py."""

    @property
    def draws(self) -> int:
        """Uniform random numbers per image."""

    @property
    def mixes_labels(self) -> bool:
        """Whether `batch` changes anything."""

    @property
    def layer(self) -> Callable[[Any], Any] | None:
        """A TensorFlow function on images, float32 (b, h, w, 3) in 0..255, applied after `images`; or None."""

    def images(self, pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray: ...

    def batch(self, pixels: np.ndarray, labels: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...


class TrainingBatches:
    """Every image once per epoch, in an order and with an augmentation that follow from (seed, epoch, example).

    Each epoch has a table of random numbers with one row per image, so the order in which threads prepare the batches
    does not matter.

    pixels: uint8 (n, h, w, 3); labels: float32 (n, classes), rows that sum to 1
    workers: threads that prepare batches; their number does not change the batches
    devices: number of devices that share each batch. Each must get the same number of images, since otherwise images on
        some devices would weigh more. So up to devices - 1 images are left out, different ones in each epoch.

    steps: batches per epoch; images_per_epoch: images in them.
    """

    def __init__(
        self,
        pixels: np.ndarray,
        labels: np.ndarray,
        augment: Augment,
        *,
        batch_size: int,
        seed: int,
        workers: int = 1,
        devices: int = 1,
    ) -> None:
        self.images_per_epoch = len(pixels) - len(pixels) % devices
        self.steps = math.ceil(self.images_per_epoch / batch_size)
        self._pixels, self._labels, self._augment = pixels, labels, augment
        self._batch_size, self._seed, self._workers = batch_size, seed, workers
        complete = self.images_per_epoch // batch_size * batch_size
        visit = math.ceil(VISIT / batch_size) * batch_size
        # Where visits begin and end within an epoch: a smaller last batch is a visit of its own.
        self._bounds = sorted({*range(0, complete, visit), complete, self.images_per_epoch})
        self._visits = len(self._bounds) - 1
        self._epoch = lru_cache(maxsize=2)(self._draw_epoch)  # some threads finish an epoch while others start the next

    def first(self) -> tuple[np.ndarray, np.ndarray]:
        """The first batch of the first epoch."""
        images, labels = next(iter(self.from_epoch(0).take(1)))
        return images.numpy(), labels.numpy()

    def from_epoch(self, epoch: int, sides: Sequence[int] = ()) -> tf.data.Dataset:
        """Endless batches: images uint8 (b, h, w, 3), labels float32 (b, classes).

        sides: the shorter side in pixels to which images are resized, by epoch, the last one for all further epochs;
            empty: images are not resized

        `steps` batches make one epoch, of which the last may be smaller. Starting at a later epoch gives the same
        batches as reaching that epoch from an earlier one.
        """
        if layer := self._augment.layer:
            numbers = tf.data.Dataset.range(epoch * self.steps, tf.int64.max)
            batches = numbers.map(self._augmented_images, self._workers)
            batches = batches.map(lambda pixels, *others: (_apply(layer, pixels), *others), self._workers)
            batches = batches.map(self._augmented_batch, self._workers)
        else:
            visits = tf.data.Dataset.range(epoch * self._visits, tf.int64.max)
            batches = visits.map(self._visit, self._workers).unbatch()
        if sides:
            of_epoch = tf.constant(sides, tf.int64)
            batches = batches.enumerate().map(
                lambda number, batch: (
                    _resized(batch[0], of_epoch[tf.minimum(number // self.steps, len(sides) - 1)]),
                    batch[1],
                ),
                self._workers,
            )
        batches = batches.prefetch(PREFETCHED)
        options = tf.data.Options()
        # Private threads, so that the model's are never blocked.
        options.threading.private_threadpool_size = self._workers
        # There is nothing to tune, since all threads map, and closing a pipeline can wait long for its tuner.
        options.autotune.enabled = False
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        return batches.with_options(options)

    def _draw_epoch(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The epoch's order, int64 (images_per_epoch,), and random numbers in [0, 1), float64 (n, draws)."""
        rng = np.random.default_rng([self._seed, STREAM, epoch])
        order = rng.permutation(len(self._pixels))[: self.images_per_epoch]
        return order, rng.random((len(self._pixels), self._augment.draws))

    def _visit(self, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Consecutive batches of one size, counted over all epochs: uint8 (k, b, h, w, 3), float32 (k, b, classes)."""

        def complete(number: int) -> tuple[np.ndarray, np.ndarray]:
            epoch, visit = divmod(int(number), self._visits)
            order, table = self._epoch(epoch)
            start, end = self._bounds[visit : visit + 2]
            chosen = order[start:end]
            images = self._augment.images(self._pixels[chosen], table[chosen])
            batches = chosen.reshape(-1, min(self._batch_size, len(chosen)))
            pixels, labels = images.reshape(*batches.shape, *images.shape[1:]), self._labels[batches]
            if self._augment.mixes_labels:
                for k, batch in enumerate(batches):
                    pixels[k], labels[k] = self._augment.batch(pixels[k], labels[k], table[batch])
            return pixels, labels

        pixels, labels = tf.numpy_function(complete, [number], (tf.uint8, tf.float32), stateful=False)
        return (
            tf.ensure_shape(pixels, (None, None, *self._pixels.shape[1:])),
            tf.ensure_shape(labels, (None, None, self._labels.shape[1])),
        )

    def _augmented_images(self, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Batch `number` before the steps on whole batches, and its random numbers."""
        kinds = (tf.uint8, tf.float32, tf.float64)
        pixels, labels, uniforms = tf.numpy_function(self._images, [number], kinds, stateful=False)
        return (*self._with_shapes(pixels, labels), tf.ensure_shape(uniforms, (None, self._augment.draws)))

    def _images(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The images of batch `number` after the steps on single images, their labels and their random numbers."""
        chosen, uniforms = self._chosen(number)
        return self._augment.images(self._pixels[chosen], uniforms), self._labels[chosen], uniforms

    def _chosen(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The indices of the images of batch `number`, counted over all epochs, and their random numbers."""
        epoch, step = divmod(int(number), self.steps)
        order, table = self._epoch(epoch)
        chosen = order[step * self._batch_size : (step + 1) * self._batch_size]
        return chosen, table[chosen]

    def _augmented_batch(
        self, pixels: tf.Tensor, labels: tf.Tensor, uniforms: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        kinds = (tf.uint8, tf.float32)
        mixed = tf.numpy_function(self._augment.batch, [pixels, labels, uniforms], kinds, stateful=False)
        return self._with_shapes(*mixed)

    def _with_shapes(self, pixels: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return (
            tf.ensure_shape(pixels, (None, *self._pixels.shape[1:])),
            tf.ensure_shape(labels, (None, self._labels.shape[1])),
        )


def _resized(pixels: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
    """Images whose shorter side has `side` pixels, with antialiasing."""
    height, width = pixels.shape[1:3]
    size = tf.cast(tf.round(tf.cast(side, tf.float64) / min(height, width) * [height, width]), tf.int32)
    resized = tf.cond(
        side == min(height, width),
        lambda: pixels,
        lambda: tf.cast(tf.round(tf.image.resize(pixels, size, antialias=True)), tf.uint8),
    )
    return tf.ensure_shape(resized, (None, None, None, 3))


def _apply(layer: Callable[[tf.Tensor], tf.Tensor], pixels: tf.Tensor) -> tf.Tensor:
    """Images after `layer`, rounded to uint8."""
    changed = tf.clip_by_value(layer(tf.cast(pixels, tf.float32)), 0.0, 255.0)
    return tf.cast(tf.round(changed), tf.uint8)
