"""mixup and CutMix: labels match the content of the images for any random numbers."""

import numpy as np
from scipy.stats import beta, kstest

from bloodcells.augmentation.batch_steps import CutMix, MixUp, MixUpOrCutMix

# Image k has class k and the constant value 10 k, so each pixel shows which image it comes from.
COUNT = 8
IMAGES = np.tile((10 * np.arange(COUNT, dtype=np.uint8))[:, None, None, None], (1, 12, 16, 3))
LABELS = np.eye(COUNT, dtype=np.float32)[np.arange(COUNT)]


def uniforms(count: int, numbers: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, COUNT, numbers))


def test_mixup_blends_labels_and_pixels_with_the_same_weight() -> None:
    shares = []
    for drawn in uniforms(200, MixUp.draws):
        images, labels = MixUp(alpha=0.4, offline=False).on_batch(IMAGES, LABELS, drawn)
        assert (images.dtype, labels.dtype) == (np.uint8, np.float32)
        assert np.allclose(labels.sum(axis=1), 1, atol=1e-6)
        assert np.array_equal(images, np.broadcast_to(images[:, :1, :1, :1], images.shape))
        assert np.abs(images[:, 0, 0, 0] - labels @ (10.0 * np.arange(COUNT))).max() <= 0.5 + 1e-4
        shares += [labels[i, i] for i in range(COUNT)]
    assert kstest(shares, beta(0.4, 0.4).cdf).pvalue > 0.01


def test_mixup_rounds_the_blended_pixels() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (COUNT, 12, 16, 3), dtype=np.uint8)
    images, labels = MixUp(alpha=1.0, offline=False).on_batch(noise, LABELS, uniforms(1, MixUp.draws)[0])
    share = np.diag(labels).astype(float)[:, None, None, None]
    exact = noise * share + np.roll(noise, -1, axis=0) * (1 - share)
    assert np.abs(images - exact).max() <= 0.5 + 1e-4


def test_cutmix_weights_labels_by_the_pasted_area() -> None:
    shares = []
    for drawn in uniforms(200, CutMix.draws):
        images, labels = CutMix(alpha=1.0).on_batch(IMAGES, LABELS, drawn)
        assert (images.dtype, labels.dtype) == (np.uint8, np.float32)
        for i, (image, label) in enumerate(zip(images, labels, strict=True)):
            partner = (i + 1) % COUNT
            pasted = image[..., 0] == 10 * partner
            assert np.all((image[..., 0] == 10 * i) | pasted)
            assert np.isclose(label[partner], pasted.mean(), atol=1e-6)
            assert np.isclose(label[i], 1 - pasted.mean(), atol=1e-6)
            if pasted.any():  # one rectangle
                rows, columns = np.nonzero(pasted.any(axis=1))[0], np.nonzero(pasted.any(axis=0))[0]
                assert pasted.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
            shares.append(pasted.mean())
    assert np.min(shares) < 0.05
    assert np.max(shares) > 0.8


def test_cutmix_pastes_the_rectangle_that_its_random_numbers_define() -> None:
    """Beta(1, 1) is uniform, so 0.75 gives a side of sqrt(1 - 0.75) = 1/2, here centered on (1/4, 3/4)."""
    drawn = np.tile([0.75, 0.25, 0.75], (COUNT, 1))
    images, labels = CutMix(alpha=1.0).on_batch(IMAGES, LABELS, drawn)
    expected = IMAGES.copy()
    expected[:, :6, 8:] = np.roll(IMAGES, -1, axis=0)[:, :6, 8:]
    assert np.array_equal(images, expected)
    assert np.allclose(np.diag(labels), 0.75)


def test_labels_are_finite_for_a_small_alpha() -> None:
    drawn = uniforms(50, MixUp.draws)
    drawn[0, :2, 0] = 0, 1 - 2**-53
    for numbers in drawn:
        _, labels = MixUp(alpha=0.001, offline=False).on_batch(IMAGES, LABELS, numbers)
        assert np.isfinite(labels).all()
        assert np.allclose(np.sum(labels, axis=1), 1)


def test_the_input_is_unchanged() -> None:
    images, labels = IMAGES.copy(), LABELS.copy()
    MixUp(alpha=1.0, offline=False).on_batch(images, labels, uniforms(1, MixUp.draws)[0])
    CutMix(alpha=1.0).on_batch(images, labels, uniforms(1, CutMix.draws)[0])
    assert np.array_equal(images, IMAGES)
    assert np.array_equal(labels, LABELS)


def test_offline_mixup_appends_one_blend_of_every_image() -> None:
    both, labels = MixUp(alpha=0.4, offline=True).on_training_set(IMAGES, LABELS, seed=3)
    assert (len(both), both.dtype, labels.dtype) == (2 * COUNT, np.uint8, np.float32)
    assert np.array_equal(both[:COUNT], IMAGES)
    assert np.array_equal(labels[:COUNT], LABELS)
    assert np.allclose(labels.sum(axis=1), 1)
    assert np.abs(both[COUNT:, 0, 0, 0] - labels[COUNT:] @ (10.0 * np.arange(COUNT))).max() <= 0.5 + 1e-3
    assert np.array_equal(both, MixUp(alpha=0.4, offline=True).on_training_set(IMAGES, LABELS, seed=3)[0])
    assert not np.array_equal(both, MixUp(alpha=0.4, offline=True).on_training_set(IMAGES, LABELS, seed=4)[0])


def test_half_of_the_batches_are_mixed_up_and_the_others_pasted_together() -> None:
    step, pasted = MixUpOrCutMix(mixup_alpha=0.4, cutmix_alpha=1.0), 0
    for drawn in uniforms(200, MixUpOrCutMix.draws):
        images, labels = step.on_batch(IMAGES, LABELS, drawn)
        blended = MixUp(alpha=0.4, offline=False).on_batch(IMAGES, LABELS, drawn[:, 1:2])
        cut = CutMix(alpha=1.0).on_batch(IMAGES, LABELS, drawn[:, 1:])
        kinds = [np.array_equal(images, one) and np.array_equal(labels, two) for one, two in (blended, cut)]
        assert sum(kinds) == 1
        pasted += kinds[1]
    assert 70 < pasted < 130  # mean 100, standard deviation 7
