"""Mixing images and their labels: mixup and CutMix on batches, and offline mixup on the training set."""

import numpy as np
from scipy.special import betaincinv

from bloodcells.augmentation.pixels import HALF, compiled


def mixup(
    pixels: np.ndarray, labels: np.ndarray, uniforms: np.ndarray, *, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Blends each image and its label with the next of the batch, and the last with the first.

    The batch is expected in random order, so the next image is a random partner. Each image's own share is drawn from
    Beta(alpha, alpha). Zhang et al. 2018, arXiv:1710.09412.

    pixels: uint8 (b, h, w, 3); labels: float32 (b, classes); uniforms: float64 (b, 1) in [0, 1).
    Returns new arrays of the same shapes and types.
    """
    share = betaincinv(alpha, alpha, uniforms[:, 0])  # the inverse of the cumulative distribution function
    return _blend(pixels, np.roll(np.arange(len(pixels)), -1), share), _blend_labels(labels, share)


def cutmix(
    pixels: np.ndarray, labels: np.ndarray, uniforms: np.ndarray, *, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pastes a rectangle of the next image of the batch into each, and mixes the labels by area.

    The rectangle's share of the area is drawn from Beta(alpha, alpha), its center uniformly from the image. What lies
    beyond the edge is cut off, and the labels follow the area that was pasted. Yun et al. 2019, arXiv:1905.04899.

    Shapes and types are those of `mixup`, but uniforms: (b, 3).
    """
    height, width = pixels.shape[1:3]
    side = np.sqrt(1 - betaincinv(alpha, alpha, uniforms[:, 0]))
    tops, bottoms = _span(height, uniforms[:, 1], side)
    lefts, rights = _span(width, uniforms[:, 2], side)
    mixed = pixels.copy()
    for i, (top, bottom, left, right) in enumerate(zip(tops, bottoms, lefts, rights, strict=True)):
        mixed[i, top:bottom, left:right] = pixels[(i + 1) % len(pixels), top:bottom, left:right]
    return mixed, _blend_labels(labels, 1 - (bottoms - tops) * (rights - lefts) / (height * width))


def append_blends(pixels: np.ndarray, labels: np.ndarray, *, alpha: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Offline mixup: the training set, followed by one blend of every image with a random partner.

    pixels: uint8 (n, h, w, 3), returned as (2n, h, w, 3); labels: float32 (n, classes), returned as (2n, classes).
    """
    rng = np.random.default_rng([seed, 1])
    share = rng.beta(alpha, alpha, len(pixels)).astype(np.float32)
    partners = rng.permutation(len(pixels))
    mixed = labels * share[:, None] + labels[partners] * (1 - share[:, None])
    return np.concatenate([pixels, _blend(pixels, partners, share)]), np.concatenate([labels, mixed])


@compiled
def _blend(pixels: np.ndarray, partners: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Returns share * image + (1 - share) * partner, rounded. partners: int (b,), indices of images; share: (b,)."""
    count, height, width, channels = pixels.shape
    blends = np.empty_like(pixels)
    for i in range(count):
        for y in range(height):
            for x in range(width):
                for channel in range(channels):
                    rest = (1 - share[i]) * pixels[partners[i], y, x, channel]
                    blends[i, y, x, channel] = np.uint8(share[i] * pixels[i, y, x, channel] + rest + HALF)
    return blends


def _blend_labels(labels: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Returns share * label + (1 - share) * next label: float32 (b, classes). share: (b,)."""
    weight = share.astype(np.float32)[:, None]
    return labels * weight + np.roll(labels, -1, axis=0) * (1 - weight)


def _span(length: int, center: np.ndarray, side: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first pixel whose center lies within `side / 2` of `center`, and the one after the last: int (b,) each.

    center, side: (b,), shares of the length.
    """
    ends = np.ceil((center + np.array([[-0.5], [0.5]]) * side) * length - 0.5)
    first, last = np.clip(ends, 0, length).astype(int)
    return first, last
