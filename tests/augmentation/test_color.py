"""Color changes: within their limits, independent of each other, and equal to those of tf.image."""

import numpy as np
import pytest
import tensorflow as tf

from bloodcells.augmentation.steps import Color

NOTHING = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
COUNT = 100
UNIFORMS = np.random.default_rng(1).random((COUNT, Color.draws))
IMAGE = np.random.default_rng(0).integers(80, 171, (8, 8, 3), dtype=np.uint8)


def changed(image: np.ndarray, **settings: float) -> np.ndarray:
    """The image after each of COUNT random changes, (COUNT, h, w, 3)."""
    images = np.tile(image, (COUNT, 1, 1, 1))
    return Color(**{**NOTHING, **settings}).on_images(images, UNIFORMS)


def test_limits_of_zero_change_nothing() -> None:
    assert np.array_equal(changed(IMAGE), np.tile(IMAGE, (COUNT, 1, 1, 1)))


def test_brightness_adds_one_offset_up_to_its_limit() -> None:
    added = changed(IMAGE, brightness=0.2) - IMAGE.astype(float)
    assert np.ptp(added, axis=(1, 2, 3)).max() == 0
    means = added.mean(axis=(1, 2, 3))
    assert -51 <= min(means) < -40 < 40 < max(means) <= 51  # 20% of 255


def test_contrast_scales_about_the_mean_of_each_channel() -> None:
    mean = IMAGE.mean(axis=(0, 1))
    factors = 1 + 0.3 * (2 * UNIFORMS[:, 1] - 1)
    expected = (IMAGE - mean) * factors[:, None, None, None] + mean
    assert 0.7 <= min(factors) < 0.72 < 1.28 < max(factors) <= 1.3
    assert np.abs(changed(IMAGE, contrast=0.3) - expected).max() <= 0.51


@pytest.mark.parametrize("key", ["saturation", "hue"])
def test_saturation_and_hue_change_colors_but_not_gray(key: str) -> None:
    gray = np.full((4, 4, 3), 120, np.uint8)
    assert np.all(changed(gray, **{key: 0.4}) == 120)
    assert np.abs(changed(IMAGE, **{key: 0.4}) - IMAGE.astype(float)).max(axis=(1, 2, 3)).mean() > 10


def test_all_changes_together_equal_tf_image_up_to_rounding() -> None:
    """On all kinds of colors, and with values clipped at 0 and 255."""
    noise = np.random.default_rng(2).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    amounts = (2 * UNIFORMS - 1) * [0.4, 0.5, 0.5, 0.5]
    ours = changed(noise, brightness=0.4, contrast=0.5, saturation=0.5, hue=0.5)
    for image, (brightness, contrast, saturation, hue) in zip(ours, amounts, strict=True):
        theirs = tf.image.adjust_brightness(tf.constant(noise, tf.float32) / 255, brightness)
        theirs = tf.clip_by_value(tf.image.adjust_contrast(theirs, 1 + contrast), 0, 1)
        theirs = tf.image.adjust_hue(tf.image.adjust_saturation(theirs, 1 + saturation), hue)
        assert np.abs(image - 255 * np.clip(theirs, 0, 1)).max() <= 0.51


def test_a_result_does_not_depend_on_the_batch_and_the_input_is_unchanged() -> None:
    images = np.random.default_rng(3).integers(0, 256, (20, 6, 10, 3), dtype=np.uint8)
    before, step = images.copy(), Color(0.2, 0.2, 0.2, 0.1)
    together = step.on_images(images, UNIFORMS[:20])
    assert np.array_equal(images, before)
    alone = [step.on_images(images[i : i + 1], UNIFORMS[i : i + 1])[0] for i in range(20)]
    assert np.array_equal(together, alone)
