"""Blur spreads a point of light over a disc or along a path; sharpening enlarges what blur takes away."""

import numpy as np
import pytest
from scipy import ndimage

from bloodcells.data.synthetic import draw_cells
from bloodcells.evaluation.shift.blur import defocus_blur, motion_blur, sharpen

POINT = np.zeros((61, 41, 3), np.uint8)
POINT[30, 20] = 255


def test_defocus_spreads_a_point_over_a_disc() -> None:
    blurred = defocus_blur(POINT, 4 / 41, np.random.default_rng(0))[..., 0].astype(float)
    distance = np.hypot(*np.mgrid[-30:31, -20:21])
    assert blurred[distance <= 2.5] == pytest.approx(255 / (np.pi * 4**2), abs=1)
    assert (blurred[distance > 5] == 0).all()
    assert blurred.sum() == pytest.approx(255, rel=0.05)  # except for rounding


def test_motion_spreads_a_point_along_a_path_in_any_direction() -> None:
    angles = []
    for seed in range(30):
        blurred = motion_blur(POINT, 12 / 41, np.random.default_rng(seed))[..., 0].astype(float)
        assert blurred.sum() == pytest.approx(255, rel=0.1)
        places = np.argwhere(blurred) - (30, 20)
        spread = np.cov(places.T, aweights=blurred[blurred > 0], ddof=0)
        (across, along), axes = np.linalg.eigh(spread)
        assert along == pytest.approx(12**2 / 12, rel=0.1)  # variance of a uniform distribution over 12 pixels
        assert across < 0.5
        angles.append(np.arctan2(*axes[:, 1]) % np.pi)
    assert min(angles) < 0.5
    assert max(angles) > np.pi - 0.5


def test_subpixel_blur_has_an_effect_and_edges_are_reflected() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (9, 14, 3), dtype=np.uint8)
    share = 0.5 / 9  # a disc with a radius of half a pixel
    kernel = defocus_blur(POINT, 0.5 / 41, np.random.default_rng(0))[29:32, 19:22, 0] / 255
    assert 0.3 < kernel[1, 1] < 0.9
    expected = ndimage.convolve(noise.astype(float), kernel[..., None] / kernel.sum(), mode="reflect")
    assert defocus_blur(noise, share, np.random.default_rng(0)) == pytest.approx(expected, abs=3)


def test_sharpen_adds_the_difference_from_a_gaussian_blur() -> None:
    image = draw_cells(8, 96, seed=0).pixels[0]
    smooth = ndimage.gaussian_filter(image.astype(float), (0.015 * 96, 0.015 * 96, 0), mode="nearest")
    expected = np.clip(image + 2 * (image - smooth), 0, 255)
    sharpened = sharpen(image, 2, np.random.default_rng(0))
    # Pillow approximates the blur by boxes and rounds it.
    assert np.abs(sharpened - expected).mean() < 0.1 * np.abs(expected - image).mean()


@pytest.mark.parametrize("blur", [defocus_blur, motion_blur, sharpen])
def test_plain_image_does_not_change(blur) -> None:
    plain = np.full((20, 32, 3), (255, 120, 0), np.uint8)
    assert np.array_equal(blur(plain, 0.2, np.random.default_rng(0)), plain)
