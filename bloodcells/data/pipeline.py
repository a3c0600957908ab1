"""Batches for training by tf.data: a pure function of (seed, epoch), if the augmentation is one."""

import math
from typing import Protocol

import numpy as np
import tensorflow as tf

PREFETCHED = 8  # batches made ahead, so that a slow one does not keep the model waiting


class Augment(Protocol):
    """What the pipeline asks of augmentation: see bloodcells/augmentation/compose.py."""

    def image(self, image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor: ...

    def batch(self, images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]: ...


class TrainingBatches:
    """Every image once an epoch, in an order and with an augmentation that follow from (seed, epoch, example).

    pixels: uint8 (n, h, w, 3); labels: float32 (n, classes), rows that sum to 1.
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
        devices: int = 1,
    ) -> None:
        self._count, self._used = len(pixels), len(pixels) - len(pixels) % devices
        self.steps = math.ceil(self._used / batch_size)
        self._batch_size, self._augment, self._seed = batch_size, augment, seed
        with tf.device("CPU:0"):  # however many images, they must not fill a GPU's memory
            self._pixels, self._labels = tf.constant(pixels), tf.constant(labels)

    def __len__(self) -> int:
        """Images an epoch."""
        return self._used

    def first(self) -> tuple[np.ndarray, np.ndarray]:
        """The first batch of the first epoch."""
        images, labels = next(iter(self.from_epoch(0).take(1)))
        return images.numpy(), labels.numpy()

    def from_epoch(self, epoch: int) -> tf.data.Dataset:
        """Endless batches: images float32 (b, h, w, 3) in 0..255, labels float32 (b, classes).

        `steps` of them make an epoch, whose last may be smaller. Asked again, it gives the same batches; asked for a
        later epoch, those that would have come then.
        """
        batches = tf.data.Dataset.counter(start=epoch).flat_map(self._epoch).prefetch(PREFETCHED)
        options = tf.data.Options()
        # Every core maps, which wants no tuning; and where a pipeline ends it would wait, at times long, for its tuner.
        options.autotune.enabled = False
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        return batches.with_options(options)

    def _epoch(self, epoch: tf.Tensor) -> tf.data.Dataset:
        seed = tf.random.fold_in(tf.constant([self._seed, 0], tf.int64), epoch)
        order = tf.random.experimental.stateless_shuffle(tf.range(self._count, dtype=tf.int64), seed=seed)

        def example(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            image = tf.cast(self._pixels[index], tf.float32)
            return self._augment.image(image, tf.random.fold_in(seed, index)), self._labels[index]

        def mixed(number: tf.Tensor, batch: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
            return self._augment.batch(*batch, tf.random.fold_in(seed, self._count + number))

        examples = tf.data.Dataset.from_tensor_slices(order[: self._used]).map(
            example, num_parallel_calls=tf.data.AUTOTUNE
        )
        return examples.batch(self._batch_size).enumerate().map(mixed, num_parallel_calls=tf.data.AUTOTUNE)
