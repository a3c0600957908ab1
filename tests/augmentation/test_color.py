"""Colour changes: within their ranges, each only what it says."""

import numpy as np
import pytest
import tensorflow as tf

from bloodcells.augmentation.color import color
from bloodcells.config.schema import Color

NOTHING = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
IMAGE = np.random.default_rng(0).uniform(80, 170, (8, 8, 3)).astype(np.float32)


def changed(image: np.ndarray, seed: int, **settings: float) -> np.ndarray:
    return color(tf.constant(image), tf.constant([0, seed], tf.int64), Color(**{**NOTHING, **settings})).numpy()


def test_nothing_chosen_changes_nothing() -> None:
    assert np.allclose(changed(IMAGE, 0), IMAGE, atol=1e-3)


def test_brightness_adds_one_number_of_at_most_its_share() -> None:
    added = [changed(IMAGE, seed, brightness=0.2) - IMAGE for seed in range(100)]
    assert max(np.ptp(difference) for difference in added) < 1e-3
    means = [difference.mean() for difference in added]
    assert -51 <= min(means) < -40 < 40 < max(means) <= 51  # 20% of 255


def test_contrast_scales_about_each_channels_mean() -> None:
    mean = IMAGE.mean(axis=(0, 1))
    factors = [((changed(IMAGE, seed, contrast=0.3) - mean) / (IMAGE - mean)) for seed in range(100)]
    assert max(np.ptp(factor) for factor in factors) < 0.05  # rounding, where an image hardly differs from its mean
    medians = [np.median(factor) for factor in factors]
    assert 0.7 <= min(medians) < 0.8 < 1.2 < max(medians) <= 1.3


@pytest.mark.parametrize("key", ["saturation", "hue"])
def test_saturation_and_hue_leave_grey_alone_and_change_colours(key) -> None:
    grey = np.full((4, 4, 3), 120, np.float32)
    assert np.allclose(changed(grey, 1, **{key: 0.4}), grey, atol=0.5)
    assert np.abs(changed(IMAGE, 1, **{key: 0.4}) - IMAGE).max() > 2


def test_everything_stays_within_0_and_255() -> None:
    extremes = np.concatenate([IMAGE - 80, IMAGE + 85])
    for seed in range(50):
        outcome = changed(extremes, seed, brightness=0.5, contrast=0.5, saturation=0.5, hue=0.5)
        assert outcome.min() >= 0
        assert outcome.max() <= 255
