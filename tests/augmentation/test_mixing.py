"""mixup and CutMix: labels follow what is in the image, whatever was drawn."""

import numpy as np
import tensorflow as tf

from bloodcells.augmentation.mixing import cutmix, doubled, mixup
from bloodcells.config.schema import CutMix, MixUp

# Image k is of brightness 10 k throughout and of class k, so each pixel tells whose it is.
COUNT = 8
IMAGES = np.tile((10.0 * np.arange(COUNT, dtype=np.float32))[:, None, None, None], (1, 12, 16, 3))
LABELS = np.eye(COUNT, dtype=np.float32)[np.arange(COUNT)]


def seed(k: int) -> tf.Tensor:
    return tf.constant([1, k], tf.int64)


def test_mixup_blends_labels_and_pixels_by_the_same_share() -> None:
    shares = []
    for k in range(200):
        images, labels = mixup(tf.constant(IMAGES), tf.constant(LABELS), seed(k), MixUp(alpha=0.4, offline=False))
        images, labels = images.numpy(), labels.numpy()
        assert np.allclose(labels.sum(axis=1), 1, atol=1e-6)
        assert np.allclose(images, images[:, :1, :1, :1], atol=1e-4)
        assert np.allclose(images[:, 0, 0, 0], labels @ (10.0 * np.arange(COUNT)), atol=1e-3)
        shares += [labels[i, i] for i in range(COUNT)]
    # Beta(a, a) has mean 1/2 and variance 1 / (4 (2 a + 1)): here 0.1389.
    assert abs(np.mean(shares) - 0.5) < 0.04
    assert abs(np.var(shares) - 1 / (4 * 1.8)) < 0.02


def test_cutmix_shares_labels_by_the_area_that_was_pasted() -> None:
    shares = []
    for k in range(200):
        images, labels = cutmix(tf.constant(IMAGES), tf.constant(LABELS), seed(k), CutMix(alpha=1.0))
        for i, (image, label) in enumerate(zip(images.numpy(), labels.numpy(), strict=True)):
            partner = (i + 1) % COUNT
            foreign = image[..., 0] == 10.0 * partner
            assert np.all((image[..., 0] == 10.0 * i) | foreign)
            assert np.isclose(label[partner], foreign.mean(), atol=1e-6)
            assert np.isclose(label[i], 1 - foreign.mean(), atol=1e-6)
            if foreign.any():  # one rectangle
                rows, columns = np.nonzero(foreign.any(axis=1))[0], np.nonzero(foreign.any(axis=0))[0]
                assert foreign.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
            shares.append(foreign.mean())
    assert 0 < np.min(shares) < 0.05 or np.min(shares) == 0
    assert np.max(shares) > 0.8


def test_a_small_alpha_never_gives_a_share_that_is_no_number() -> None:
    for k in range(50):
        images, labels = mixup(tf.constant(IMAGES), tf.constant(LABELS), seed(k), MixUp(alpha=0.001, offline=False))
        assert np.isfinite(images).all()
        assert np.allclose(np.sum(labels, axis=1), 1)


def test_offline_mixup_doubles_the_set_with_one_blend_of_every_image() -> None:
    pixels = IMAGES.astype(np.uint8)
    both, labels = doubled(pixels, LABELS, MixUp(alpha=0.4, offline=True), seed=3)
    assert (len(both), both.dtype, labels.dtype) == (2 * COUNT, np.uint8, np.float32)
    assert np.array_equal(both[:COUNT], pixels)
    assert np.array_equal(labels[:COUNT], LABELS)
    assert np.allclose(labels.sum(axis=1), 1)
    assert np.abs(both[COUNT:, 0, 0, 0] - labels[COUNT:] @ (10.0 * np.arange(COUNT))).max() <= 0.5 + 1e-3
    assert np.array_equal(both, doubled(pixels, LABELS, MixUp(alpha=0.4, offline=True), seed=3)[0])
    assert not np.array_equal(both, doubled(pixels, LABELS, MixUp(alpha=0.4, offline=True), seed=4)[0])
