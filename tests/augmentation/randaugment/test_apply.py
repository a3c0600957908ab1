"""RandAugment's operations, single and chained, compared with keras-cv's layers; and that it is a pure function."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import gaussian_filter

from bloodcells.augmentation.randaugment.apply import randaugment
from bloodcells.augmentation.randaugment.policy import Operation, Plan, sample
from bloodcells.augmentation.steps import RandAugment

DEFAULT = RandAugment(augmentations_per_image=3, magnitude=0.5, magnitude_stddev=0.15, rate=10 / 11)
# Every operation with small and large amounts, in both directions: (operation, amount, threshold).
CASES = [
    (Operation.AUTOCONTRAST, 0.0, 0.0),
    (Operation.EQUALIZE, 0.0, 0.0),
    *[(Operation.SOLARIZE, amount, threshold) for amount, threshold in [(0, 0), (55, 127.3), (110, 255), (20.5, 80)]],
    *[(Operation.GRAY, amount, 0) for amount in (0, 0.37, 1)],
    *[(Operation.CONTRAST, amount, 0) for amount in (0, 0.6, 1.45, 2)],
    *[(Operation.BRIGHTNESS, amount, 0) for amount in (-127.5, -3.3, 0, 90.7)],
    *[(operation, amount, 0) for operation in (Operation.SHEAR_X, Operation.SHEAR_Y) for amount in (-1, 0.21, 0.5)],
    *[(operation, amount, 0) for operation in (Operation.TRANSLATE_X, Operation.TRANSLATE_Y) for amount in (-1, 0.13)],
]


def smooth(count: int, size: int = 32) -> np.ndarray:
    """Images as smooth as those of cells, with a different range in each channel."""
    noise = np.random.default_rng(0).standard_normal((count, size, size + 8, 3))
    fields = gaussian_filter(noise, (0, 2, 2, 0))
    fields = (fields - fields.min(axis=(1, 2), keepdims=True)) / np.ptp(fields, axis=(1, 2), keepdims=True)
    return np.rint(fields * [180, 140, 255] + [40, 100, 0]).astype(np.uint8)


def edge_cases() -> np.ndarray:
    """A single color; a single value in one channel; only two values; pure noise."""
    noise = np.random.default_rng(1).integers(0, 256, (32, 40, 3), dtype=np.uint8)
    constant, one_channel, two_values = noise.copy(), noise.copy(), np.where(noise > 200, 90, 30).astype(np.uint8)
    constant[:] = [200, 0, 255]
    one_channel[..., 1] = 77
    return np.stack([constant, one_channel, two_values, noise])


def same_for_all(count: int, *chain: tuple[Operation, float, float]) -> Plan:
    operations, amounts, thresholds = (np.tile(np.array(row, float), (count, 1)) for row in zip(*chain, strict=True))
    return Plan(operations.astype(int), amounts, thresholds)


def keras_cvs(images: np.ndarray, operation: Operation, amount: float, threshold: float) -> np.ndarray:
    """The result of keras-cv: float32 images in 0..255."""
    from keras_cv import layers

    # The layers accept the random values that they would otherwise draw for each image.
    each = tf.fill([len(images), 1], tf.constant(amount, tf.float32))
    pixelwise = each[:, :, None, None]
    layer, drawn = {
        Operation.AUTOCONTRAST: lambda: (layers.AutoContrast((0, 255)), None),
        Operation.EQUALIZE: lambda: (layers.Equalization((0, 255)), None),
        Operation.SOLARIZE: lambda: (
            layers.Solarization((0, 255)),
            {"additions": pixelwise, "thresholds": tf.fill(pixelwise.shape, tf.constant(threshold, tf.float32))},
        ),
        Operation.GRAY: lambda: (layers.RandomColorDegeneration(0.5), pixelwise),
        Operation.CONTRAST: lambda: (layers.RandomContrast((0, 255), 0.5), pixelwise),
        Operation.BRIGHTNESS: lambda: (layers.RandomBrightness(0.5), pixelwise),
        Operation.SHEAR_X: lambda: (layers.RandomShear(0.5, 0), {"shear_x": each, "shear_y": 0 * each}),
        Operation.SHEAR_Y: lambda: (layers.RandomShear(0, 0.5), {"shear_x": 0 * each, "shear_y": each}),
        Operation.TRANSLATE_X: lambda: (
            layers.RandomTranslation(0, 0.5),
            {"height_translations": 0 * each, "width_translations": each},
        ),
        Operation.TRANSLATE_Y: lambda: (
            layers.RandomTranslation(0.5, 0),
            {"height_translations": each, "width_translations": 0 * each},
        ),
    }[operation]()
    return layer.augment_images(tf.constant(images, tf.float32), transformations=drawn).numpy()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0].name} {case[1]} {case[2]}")
def test_each_operation_equals_keras_cvs_up_to_rounding(case: tuple[Operation, float, float]) -> None:
    for images in (smooth(3), edge_cases()):
        ours = randaugment(images, same_for_all(len(images), case))
        assert (ours.dtype, ours.shape) == (np.uint8, images.shape)
        assert np.abs(ours - keras_cvs(images, *case)).max() <= 0.51


def test_a_chain_of_operations_on_values_equals_keras_cvs_up_to_rounding() -> None:
    chain = [(Operation.CONTRAST, 1.3, 0.0), (Operation.SOLARIZE, 30.0, 150.0), (Operation.AUTOCONTRAST, 0.0, 0.0)]
    images = smooth(6)
    theirs = images
    for step in chain:
        theirs = keras_cvs(theirs, *step)
    assert np.abs(randaugment(images, same_for_all(6, *chain)) - theirs).max() <= 0.51


def test_whole_chains_are_close_to_keras_cvs() -> None:
    """They differ only by rounding before each shear, translation and gray."""
    images = np.tile(smooth(6), (20, 1, 1, 1))
    uniforms = np.random.default_rng(2).random((len(images), DEFAULT.draws))
    plan = sample(uniforms, magnitude=0.5, magnitude_stddev=0.15, rate=10 / 11)
    differences = []
    for image, result, *chain in zip(
        images, randaugment(images, plan), plan.operations, plan.amounts, plan.thresholds, strict=True
    ):
        theirs = image[None].astype(np.float32)
        for number, amount, threshold in zip(*chain, strict=True):
            if number != Operation.NONE:
                theirs = keras_cvs(theirs, Operation(number), amount, threshold)
        differences.append(np.abs(result - theirs[0]))
    means = np.mean(differences, axis=(1, 2, 3))
    assert np.mean(means) < 0.5
    assert np.max(means) < 4
    # A pixel at solarize's threshold may fall on either side, so the median of the largest differences counts.
    assert np.median(np.max(differences, axis=(1, 2, 3))) < 1.5


def test_a_result_does_not_depend_on_the_batch_and_the_input_is_unchanged() -> None:
    images = smooth(12)
    uniforms = np.random.default_rng(3).random((12, DEFAULT.draws))
    before = images.copy()
    together = DEFAULT.on_images(images, uniforms)
    assert np.array_equal(images, before)
    assert np.array_equal(together, DEFAULT.on_images(images, uniforms))
    alone = [DEFAULT.on_images(images[i : i + 1], uniforms[i : i + 1])[0] for i in range(12)]
    assert np.array_equal(together, alone)
    backwards = DEFAULT.on_images(images[::-1], uniforms[::-1])
    assert np.array_equal(together, backwards[::-1])
    assert sum(not np.array_equal(image, result) for image, result in zip(images, together, strict=True)) >= 10


def test_a_rate_of_zero_returns_unchanged_copies() -> None:
    images = smooth(4)
    step = RandAugment(augmentations_per_image=2, magnitude=0.5, magnitude_stddev=0.15, rate=0.0)
    result = step.on_images(images, np.random.default_rng(0).random((4, step.draws)))
    assert np.array_equal(result, images)
    assert not np.shares_memory(result, images)
