"""Images and labels mixed in pairs: mixup and CutMix on batches, and the report's offline mixup on the whole set."""

import numpy as np
import tensorflow as tf

from bloodcells.config.schema import CutMix, MixUp


def mixup(images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, config: MixUp) -> tuple[tf.Tensor, tf.Tensor]:
    """Blends each image and its label with the next one's of the batch, the last with the first.

    images: float32 (b, h, w, 3); labels: float32 (b, classes); seed: int64 (2,). A batch comes in random order already.
    The share of the image itself is drawn from Beta(alpha, alpha), one for each. Zhang et al. 2018, arXiv:1710.09412.
    """
    share = _beta(tf.shape(images)[0], config.alpha, seed)
    pixels = share[:, None, None, None]
    return (
        images * pixels + tf.roll(images, -1, axis=0) * (1 - pixels),
        labels * share[:, None] + tf.roll(labels, -1, axis=0) * (1 - share[:, None]),
    )


def cutmix(images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, config: CutMix) -> tuple[tf.Tensor, tf.Tensor]:
    """Pastes a rectangle of the next image of the batch into each, and shares the labels by area.

    Shapes as in `mixup`. The rectangle's share of the area is drawn from Beta(alpha, alpha), its centre evenly over the
    image; what hangs over the edge is lost, and the labels follow what was pasted. Yun et al. 2019, arXiv:1905.04899.
    """
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    seeds = tf.random.split(seed, 2)
    side = tf.sqrt(1 - _beta(count, config.alpha, seeds[0]))
    center = tf.random.stateless_uniform([count, 2], seeds[1])
    rows = _within(height, center[:, 0], side)
    columns = _within(width, center[:, 1], side)
    pasted = rows[:, :, None] * columns[:, None, :]
    share = tf.reduce_mean(pasted, axis=[1, 2])[:, None]
    mask = pasted[..., None]
    return (
        images * (1 - mask) + tf.roll(images, -1, axis=0) * mask,
        labels * (1 - share) + tf.roll(labels, -1, axis=0) * share,
    )


def doubled(pixels: np.ndarray, labels: np.ndarray, config: MixUp, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The report's mixup: the set, and after it one blend of every image with a random partner.

    pixels: uint8 (n, h, w, 3) to (2n, h, w, 3); labels: float32 (n, classes) to (2n, classes).
    """
    rng = np.random.default_rng([seed, 1])
    share = rng.beta(config.alpha, config.alpha, len(pixels)).astype(np.float32)
    blends = np.empty_like(pixels)
    partners = rng.permutation(len(pixels))
    for i, (partner, own) in enumerate(zip(partners, share, strict=True)):
        blends[i] = np.rint(pixels[i] * own + pixels[partner] * (1 - own))
    mixed = labels * share[:, None] + labels[partners] * (1 - share[:, None])
    return np.concatenate([pixels, blends]), np.concatenate([labels, mixed])


def _beta(count: tf.Tensor, alpha: float, seed: tf.Tensor) -> tf.Tensor:
    """float32 (count,): draws from Beta(alpha, alpha), as a ratio of Gamma draws."""
    draws = tf.random.stateless_gamma([2, count], seed, alpha)
    total = draws[0] + draws[1]
    # At a small alpha both draws can underflow to 0; the image then stays as it is.
    return tf.where(total > 0, draws[0] / tf.maximum(total, 1e-30), 1.0)


def _within(length: int, center: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
    """float32 (count, length): 1 where a pixel lies within `side / 2` of `center`, both shares of the length."""
    position = (tf.range(length, dtype=tf.float32) + 0.5) / length
    return tf.cast(tf.abs(position[None, :] - center[:, None]) < side[:, None] / 2, tf.float32)
