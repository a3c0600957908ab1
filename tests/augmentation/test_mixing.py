"""mixup and CutMix: labels follow what is in the image, whatever was drawn."""

import numpy as np
from scipy.stats import beta, kstest

from bloodcells.augmentation.mixing import CUTMIX_NUMBERS, MIXUP_NUMBERS, cutmix, doubled, mixup
from bloodcells.config.schema import CutMix, MixUp

# Image k is of brightness 10 k throughout and of class k, so each pixel tells whose it is.
COUNT = 8
IMAGES = np.tile((10 * np.arange(COUNT, dtype=np.uint8))[:, None, None, None], (1, 12, 16, 3))
LABELS = np.eye(COUNT, dtype=np.float32)[np.arange(COUNT)]


def uniforms(count: int, numbers: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, COUNT, numbers))


def test_mixup_blends_labels_and_pixels_by_the_same_share() -> None:
    shares = []
    for drawn in uniforms(200, MIXUP_NUMBERS):
        images, labels = mixup(IMAGES, LABELS, drawn, MixUp(alpha=0.4, offline=False))
        assert (images.dtype, labels.dtype) == (np.uint8, np.float32)
        assert np.allclose(labels.sum(axis=1), 1, atol=1e-6)
        assert np.array_equal(images, np.broadcast_to(images[:, :1, :1, :1], images.shape))
        assert np.abs(images[:, 0, 0, 0] - labels @ (10.0 * np.arange(COUNT))).max() <= 0.5 + 1e-4
        shares += [labels[i, i] for i in range(COUNT)]
    assert kstest(shares, beta(0.4, 0.4).cdf).pvalue > 0.01


def test_mixup_rounds_every_pixel_of_its_blend() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (COUNT, 12, 16, 3), dtype=np.uint8)
    images, labels = mixup(noise, LABELS, uniforms(1, MIXUP_NUMBERS)[0], MixUp(alpha=1.0, offline=False))
    share = np.diag(labels).astype(float)[:, None, None, None]
    exact = noise * share + np.roll(noise, -1, axis=0) * (1 - share)
    assert np.abs(images - exact).max() <= 0.5 + 1e-4


def test_cutmix_shares_labels_by_the_area_that_was_pasted() -> None:
    shares = []
    for drawn in uniforms(200, CUTMIX_NUMBERS):
        images, labels = cutmix(IMAGES, LABELS, drawn, CutMix(alpha=1.0))
        assert (images.dtype, labels.dtype) == (np.uint8, np.float32)
        for i, (image, label) in enumerate(zip(images, labels, strict=True)):
            partner = (i + 1) % COUNT
            foreign = image[..., 0] == 10 * partner
            assert np.all((image[..., 0] == 10 * i) | foreign)
            assert np.isclose(label[partner], foreign.mean(), atol=1e-6)
            assert np.isclose(label[i], 1 - foreign.mean(), atol=1e-6)
            if foreign.any():  # one rectangle
                rows, columns = np.nonzero(foreign.any(axis=1))[0], np.nonzero(foreign.any(axis=0))[0]
                assert foreign.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
            shares.append(foreign.mean())
    assert 0 < np.min(shares) < 0.05 or np.min(shares) == 0
    assert np.max(shares) > 0.8


def test_cutmix_pastes_what_lies_within_the_rectangle_drawn() -> None:
    """At alpha 1 a uniform number is its own Beta draw: a side of sqrt(1 - 0.75) = 1/2, centred on (1/4, 3/4)."""
    drawn = np.tile([0.75, 0.25, 0.75], (COUNT, 1))
    images, labels = cutmix(IMAGES, LABELS, drawn, CutMix(alpha=1.0))
    expected = IMAGES.copy()
    expected[:, :6, 8:] = np.roll(IMAGES, -1, axis=0)[:, :6, 8:]
    assert np.array_equal(images, expected)
    assert np.allclose(np.diag(labels), 0.75)


def test_a_small_alpha_never_gives_a_share_that_is_no_number() -> None:
    drawn = uniforms(50, MIXUP_NUMBERS)
    drawn[0, :2, 0] = 0, 1 - 2**-53
    for numbers in drawn:
        _, labels = mixup(IMAGES, LABELS, numbers, MixUp(alpha=0.001, offline=False))
        assert np.isfinite(labels).all()
        assert np.allclose(np.sum(labels, axis=1), 1)


def test_the_input_stays_as_it_is() -> None:
    images, labels = IMAGES.copy(), LABELS.copy()
    mixup(images, labels, uniforms(1, MIXUP_NUMBERS)[0], MixUp(alpha=1.0, offline=False))
    cutmix(images, labels, uniforms(1, CUTMIX_NUMBERS)[0], CutMix(alpha=1.0))
    assert np.array_equal(images, IMAGES)
    assert np.array_equal(labels, LABELS)


def test_offline_mixup_doubles_the_set_with_one_blend_of_every_image() -> None:
    both, labels = doubled(IMAGES, LABELS, MixUp(alpha=0.4, offline=True), seed=3)
    assert (len(both), both.dtype, labels.dtype) == (2 * COUNT, np.uint8, np.float32)
    assert np.array_equal(both[:COUNT], IMAGES)
    assert np.array_equal(labels[:COUNT], LABELS)
    assert np.allclose(labels.sum(axis=1), 1)
    assert np.abs(both[COUNT:, 0, 0, 0] - labels[COUNT:] @ (10.0 * np.arange(COUNT))).max() <= 0.5 + 1e-3
    assert np.array_equal(both, doubled(IMAGES, LABELS, MixUp(alpha=0.4, offline=True), seed=3)[0])
    assert not np.array_equal(both, doubled(IMAGES, LABELS, MixUp(alpha=0.4, offline=True), seed=4)[0])
