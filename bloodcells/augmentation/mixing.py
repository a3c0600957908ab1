"""Images and labels mixed in pairs: mixup and CutMix on batches, and the report's offline mixup on the whole set."""

import numpy as np
from scipy.special import betaincinv

from bloodcells.augmentation.pixels import HALF, compiled
from bloodcells.config.schema import CutMix, MixUp

MIXUP_NUMBERS = 1  # uniforms an image
CUTMIX_NUMBERS = 3


def mixup(pixels: np.ndarray, labels: np.ndarray, uniforms: np.ndarray, config: MixUp) -> tuple[np.ndarray, np.ndarray]:
    """Blends each image and its label with the next one's of the batch, the last with the first.

    pixels: uint8 (b, h, w, 3); labels: float32 (b, classes); uniforms: float64 (b, MIXUP_NUMBERS) in [0, 1). A batch
    comes in random order already. The share of the image itself is drawn from Beta(alpha, alpha), one for each.
    Zhang et al. 2018, arXiv:1710.09412.
    """
    share = betaincinv(config.alpha, config.alpha, uniforms[:, 0])  # the distribution function turned round
    return _blended(pixels, np.roll(np.arange(len(pixels)), -1), share), _shared(labels, share)


def cutmix(
    pixels: np.ndarray, labels: np.ndarray, uniforms: np.ndarray, config: CutMix
) -> tuple[np.ndarray, np.ndarray]:
    """Pastes a rectangle of the next image of the batch into each, and shares the labels by area.

    Shapes as in `mixup`, but uniforms: (b, CUTMIX_NUMBERS). The rectangle's share of the area is drawn from Beta(alpha,
    alpha), its centre evenly over the image; what hangs over the edge is lost, and the labels follow what was pasted.
    Yun et al. 2019, arXiv:1905.04899.
    """
    height, width = pixels.shape[1:3]
    side = np.sqrt(1 - betaincinv(config.alpha, config.alpha, uniforms[:, 0]))
    tops, bottoms = _within(height, uniforms[:, 1], side)
    lefts, rights = _within(width, uniforms[:, 2], side)
    mixed = pixels.copy()
    for i, (top, bottom, left, right) in enumerate(zip(tops, bottoms, lefts, rights, strict=True)):
        mixed[i, top:bottom, left:right] = pixels[(i + 1) % len(pixels), top:bottom, left:right]
    return mixed, _shared(labels, 1 - (bottoms - tops) * (rights - lefts) / (height * width))


def doubled(pixels: np.ndarray, labels: np.ndarray, config: MixUp, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The report's mixup: the set, and after it one blend of every image with a random partner.

    pixels: uint8 (n, h, w, 3) to (2n, h, w, 3); labels: float32 (n, classes) to (2n, classes).
    """
    rng = np.random.default_rng([seed, 1])
    share = rng.beta(config.alpha, config.alpha, len(pixels)).astype(np.float32)
    partners = rng.permutation(len(pixels))
    mixed = labels * share[:, None] + labels[partners] * (1 - share[:, None])
    return np.concatenate([pixels, _blended(pixels, partners, share)]), np.concatenate([labels, mixed])


@compiled
def _blended(pixels: np.ndarray, partners: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Each image with the share `own` of itself and the rest of its partner; both: (b,). Rounds."""
    count, height, width, channels = pixels.shape
    blends = np.empty_like(pixels)
    for i in range(count):
        for y in range(height):
            for x in range(width):
                for channel in range(channels):
                    rest = (1 - own[i]) * pixels[partners[i], y, x, channel]
                    blends[i, y, x, channel] = np.uint8(own[i] * pixels[i, y, x, channel] + rest + HALF)
    return blends


def _shared(labels: np.ndarray, own: np.ndarray) -> np.ndarray:
    """float32 (b, classes): each label with the share `own` of itself, (b,), and the rest of the next one's."""
    share = own.astype(np.float32)[:, None]
    return labels * share + np.roll(labels, -1, axis=0) * (1 - share)


def _within(length: int, center: np.ndarray, side: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first pixel whose middle lies within `side / 2` of `center`, and the one after the last: int (b,) each.

    center, side: (b,), shares of the length.
    """
    ends = np.ceil((center + np.array([[-0.5], [0.5]]) * side) * length - 0.5)
    first, last = np.clip(ends, 0, length).astype(int)
    return first, last
