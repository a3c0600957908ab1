"""Tone curves against Pillow and by hand, and the shape of uneven illumination."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from bloodcells.evaluation.shift.tones import equalize, gamma, illumination, posterize, solarize

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (9, 14, 3), dtype=np.uint8)


def test_gamma_raises_to_a_power_or_its_inverse() -> None:
    image = np.full((1, 1, 3), 64, np.uint8)
    values = {int(gamma(image, 2, np.random.default_rng(seed))[0, 0, 0]) for seed in range(20)}
    assert values == {16, 128}  # 64 * 64 / 255 = 16.06; sqrt(64 * 255) = 127.7


@pytest.mark.parametrize("share", [0.5, 1])
def test_equalize_moves_each_channel_to_a_flat_histogram(share) -> None:
    levels = np.array([10, 20, 30, 80]).repeat(256).reshape(32, 32, 1)
    image = (levels * (1, 2, 3)).astype(np.uint8)
    flat = np.array([0, 85, 170, 255]).repeat(256).reshape(32, 32, 1)
    assert equalize(image, share, RNG) == pytest.approx(image + share * (flat - image), abs=2)


def test_posterize_rounds_to_evenly_spaced_levels() -> None:
    image = np.array([[[0, 42, 43], [127, 128, 212], [213, 255, 84]]], np.uint8)
    expected = [[[0, 0, 85], [85, 170, 170], [255, 255, 85]]]
    assert posterize(image, 85, RNG).tolist() == expected
    assert np.array_equal(posterize(image, 84.4, RNG), posterize(image, 85, RNG))
    assert len(np.unique(posterize(NOISE, 51, RNG))) == 6


def test_solarize_reflects_at_the_threshold() -> None:
    image = np.array([[[10, 200, 201], [220, 255, 199]]], np.uint8)
    assert solarize(image, 200, RNG).tolist() == [[[10, 200, 199], [180, 145, 199]]]
    assert np.array_equal(solarize(NOISE, 127.5, RNG), ImageOps.solarize(Image.fromarray(NOISE), 128))


@pytest.mark.parametrize("shape", [(48, 48), (20, 60)])
def test_illumination_falls_with_the_squared_distance_from_a_point(shape) -> None:
    plain = np.full((*shape, 3), 250, np.uint8)
    brightest = []
    for seed in range(20):
        light = illumination(plain, 0.8, np.random.default_rng(seed)).astype(float)
        assert (light == light[..., :1]).all()
        place = np.argwhere(light[..., 0] == light.max()).mean(axis=0)
        corners = np.array([(y, x) for y in (0, shape[0] - 1) for x in (0, shape[1] - 1)])
        furthest = np.hypot(*(corners - place).T).max()
        distance = np.hypot(*(np.indices(shape) - place[:, None, None])) / furthest
        assert light[..., 0] == pytest.approx(250 * (1 - 0.8 * distance**2), abs=15)  # the place is known to a pixel
        assert light.min() == pytest.approx(50, abs=1)
        brightest.append(place / shape)
    assert np.min(brightest, axis=0) == pytest.approx([0, 0], abs=0.25)
    assert np.max(brightest, axis=0) == pytest.approx([1, 1], abs=0.25)
