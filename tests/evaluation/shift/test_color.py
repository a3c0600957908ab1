"""Changes of stain, colour and brightness follow their definitions."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from bloodcells.evaluation.shift.color import (
    brightness,
    channel_permutation,
    contrast,
    hue,
    saturation,
    stain,
    white_balance,
)

BLUE = np.array([0.834750233, 0.513556283, 0.196330403])
EOSIN = np.array([0.092789, 0.954111, 0.283111])
PATCH = np.array([[[200, 120, 40], [200, 120, 40]]], np.uint8)


def either_way(distortion, image: np.ndarray, strength: float) -> set[tuple[int, ...]]:
    """The distinct first pixels for 40 seeds."""
    return {tuple(distortion(image, strength, np.random.default_rng(seed))[0, 0].tolist()) for seed in range(40)}


def test_stain_leaves_white_white() -> None:
    white = np.full((4, 5, 3), 255, np.uint8)
    assert all(np.array_equal(stain(white, 0.7, np.random.default_rng(seed)), white) for seed in range(10))


@pytest.mark.parametrize("vector", [BLUE, EOSIN], ids=["methylene blue", "eosin"])
def test_pure_stain_changes_only_in_amount(vector) -> None:
    amounts = np.array([0.3, 0.6, 1.2])
    light = np.rint(255 * np.exp(-amounts[:, None] * vector))  # Beer-Lambert
    factors = []
    for seed in range(40):
        changed = stain(light[None].astype(np.uint8), 0.5, np.random.default_rng(seed))[0]
        factor = -np.log(changed[2, 1] / 255) / (amounts[2] * vector[1])
        assert changed == pytest.approx(255 * np.exp(-factor * amounts[:, None] * vector), abs=2)
        factors.append(factor)
    assert 0.48 < min(factors) < 0.65
    assert 1.35 < max(factors) < 1.52


def test_stains_change_independently() -> None:
    light = np.rint(255 * np.exp(-np.stack([BLUE, EOSIN])))[None].astype(np.uint8)
    pairs = [stain(light, 0.5, np.random.default_rng(seed))[0] for seed in range(40)]
    changes = [-np.log(pair[[0, 1], [0, 1]] / 255) / (BLUE[0], EOSIN[1]) - 1 for pair in pairs]
    assert abs(np.corrcoef(np.transpose(changes))[0, 1]) < 0.4


def test_hue_rotation_by_120_degrees_permutes_the_channels_and_keeps_grey() -> None:
    assert either_way(hue, PATCH, 120) == {(40, 200, 120), (120, 40, 200)}
    assert either_way(hue, np.full((1, 1, 3), 90, np.uint8), 50) == {(90, 90, 90)}


def test_white_balance_trades_red_for_blue() -> None:
    assert either_way(white_balance, np.full((1, 1, 3), 100, np.uint8), 1) == {(200, 100, 50), (50, 100, 200)}


def test_brightness_adds_a_share_of_the_range_and_clips() -> None:
    assert either_way(brightness, np.full((1, 1, 3), 100, np.uint8), 0.2) == {(151, 151, 151), (49, 49, 49)}
    assert either_way(brightness, PATCH, 0.4) == {(255, 222, 142), (98, 18, 0)}


def test_contrast_scales_the_distance_from_the_channel_mean() -> None:
    image = np.array([[[100, 40, 10], [140, 60, 10]]], np.uint8)  # means 120, 50, 10
    assert either_way(contrast, image, 2) == {(80, 30, 10), (110, 45, 10)}


@pytest.mark.parametrize(("change", "factors"), [(0.5, (0.5, 2.0)), (1, (0.0, 3.0))])
def test_saturation_agrees_with_pillow_in_both_directions(change, factors) -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    enhance = ImageEnhance.Color(Image.fromarray(image)).enhance
    results = {saturation(image, change, np.random.default_rng(seed)).tobytes() for seed in range(20)}
    changed = sorted((np.frombuffer(result, np.uint8) for result in results), key=np.std)
    assert len(changed) == 2
    for result, factor in zip(changed, factors, strict=True):
        # Pillow rounds the gray first, which the factor multiplies.
        assert result == pytest.approx(np.asarray(enhance(factor)).ravel(), abs=2)


def test_channel_permutation_blends_with_each_other_order() -> None:
    permuted = {(200, 40, 120), (120, 200, 40), (120, 40, 200), (40, 200, 120), (40, 120, 200)}
    assert either_way(channel_permutation, PATCH, 1) == permuted
    middles = {tuple(((np.array(colors) + PATCH[0, 0]) // 2).tolist()) for colors in permuted}
    assert either_way(channel_permutation, PATCH, 0.5) == middles
