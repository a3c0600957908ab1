"""Noise, compression, low resolution and occlusion, against Pillow and by hand."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from bloodcells.data.synthetic import draw_cells
from bloodcells.evaluation.shift.damage import (
    RECTANGLES,
    gaussian_noise,
    jpeg,
    jpeg_compression,
    occlusion,
    pixelate,
    rectangles,
    salt_and_pepper,
    speckle,
)

CELL = draw_cells(8, 48, seed=0).pixels[0]


def test_noise_is_independent_with_the_given_standard_deviation() -> None:
    grey = np.full((96, 96, 3), 128, np.uint8)
    noise = gaussian_noise(grey, 0.1, np.random.default_rng(0)).astype(float) - 128
    assert noise.mean() == pytest.approx(0, abs=0.6)
    assert noise.std() == pytest.approx(25.5, rel=0.02)
    channels = np.corrcoef(noise.reshape(-1, 3).T)
    neighbours = np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())
    assert np.abs(channels - np.eye(3)).max() < 0.04
    assert abs(neighbours[0, 1]) < 0.03


def test_speckle_is_proportional_to_the_value() -> None:
    for value in (40, 120):
        noise = speckle(np.full((96, 96, 3), value, np.uint8), 0.2, np.random.default_rng(0)).astype(float) - value
        assert noise.mean() == pytest.approx(0, abs=0.5)
        assert noise.std() == pytest.approx(0.2 * value, rel=0.02)


def test_salt_and_pepper_turns_the_same_and_more_pixels_white_and_black() -> None:
    grey, before = np.full((96, 96, 3), 128, np.uint8), np.zeros((96, 96), bool)
    for share in (0.1, 0.3):
        noisy = salt_and_pepper(grey, share, np.random.default_rng(0))
        assert (noisy == noisy[..., :1]).all()
        white, black = noisy[..., 0] == 255, noisy[..., 0] == 0
        # Binomial: the standard deviation of a share of 0.15 of 9216 pixels is 0.004.
        assert [white.mean(), black.mean()] == pytest.approx([share / 2] * 2, abs=0.015)
        assert ((noisy[..., 0] == 128) == ~(white | black)).all()
        assert (white | black)[before].all()
        before = white | black


@pytest.mark.parametrize(("coarseness", "quality"), [(0, 100), (0.5, 75), (1, 50), (2, 25), (10, 5)])
def test_coarseness_is_that_of_libjpeg(coarseness, quality) -> None:
    rng = np.random.default_rng(0)
    assert np.array_equal(jpeg_compression(CELL, coarseness, rng), jpeg(CELL, quality, rng))


def test_jpeg_agrees_with_pillow() -> None:
    file = BytesIO()
    Image.fromarray(CELL).save(file, format="jpeg", quality=17)
    assert np.array_equal(jpeg(CELL, 17, np.random.default_rng(0)), np.asarray(Image.open(file)))


def test_pixelate_averages_over_blocks() -> None:
    image = np.zeros((4, 6, 3), np.uint8)
    image[:2, :2] = [[[10, 0, 0], [20, 0, 0]], [[30, 0, 0], [40, 0, 0]]]
    image[2:, 4:] = 7
    expected = np.zeros_like(image)
    expected[:2, :2] = (25, 0, 0)
    expected[2:, 4:] = 7
    assert np.array_equal(pixelate(image, 0.5, np.random.default_rng(0)), expected)


def test_occlusion_covers_a_square_with_the_mean_colour_and_grows_in_place() -> None:
    image = np.random.default_rng(0).integers(0, 100, (20, 40, 3), dtype=np.uint8)
    image[..., 0] += 150
    before = np.zeros((20, 40), bool)
    for share in (0.2, 0.4, 0.8):
        result = occlusion(image, share, np.random.default_rng(3))
        covered = (result == np.rint(image.mean(axis=(0, 1)))).all(axis=2)
        rows, columns = np.nonzero(covered)
        side = share * 20
        assert (np.ptp(rows) + 1, np.ptp(columns) + 1, covered.sum()) == (side, side, side**2)
        assert np.array_equal(result[~covered], image[~covered])
        assert covered[before].all()
        before = covered


def test_occlusion_reaches_every_position() -> None:
    black = np.zeros((10, 10, 3), np.uint8)
    black[0, 0] = 255  # so that the mean is not black
    places = [np.argwhere(occlusion(black, 0.3, np.random.default_rng(seed))[..., 1] == 3)[0] for seed in range(800)]
    assert np.unique(places, axis=0).shape == (64, 2)


def test_rectangles_grow_in_place_in_number_and_size() -> None:
    black = np.zeros((60, 90, 3), np.uint8)
    for seed in range(8):
        before = np.zeros((60, 90), bool)
        for share in (0.05, 0.15, 0.4):
            result = rectangles(black, share, np.random.default_rng(seed))
            colors = np.unique(result.reshape(-1, 3), axis=0)[1:]  # without black
            sides = [side for side in (share, share - 0.1, share - 0.2, share - 0.3) if side > 0.001]
            covered = result.any(axis=2)
            assert len(colors) <= len(sides) <= RECTANGLES
            assert 0 < covered.sum() <= sum((60 * side) ** 2 for side in sides) * 1.1 + 20  # rounding of the edges
            assert covered[before].all()
            before = covered


def test_first_rectangle_has_the_area_of_the_square_and_any_place_shape_and_color() -> None:
    black, sizes, places, colors = np.zeros((100, 100, 3), np.uint8), [], [], []
    for seed in range(300):
        result = rectangles(black, 0.1, np.random.default_rng(seed))  # the second one has no area
        covered = np.argwhere(result.any(axis=2))
        places.append(covered.mean(axis=0) / 100)
        colors.append(result.max(axis=(0, 1)))
        height, width = np.ptp(covered, axis=0) + 1
        if (abs(places[-1] - 0.5) < 0.4).all():  # not cut off
            assert height * width == len(covered) == pytest.approx(10**2, rel=0.25)
            sizes.append(height / width)
    assert (min(sizes), max(sizes)) == (pytest.approx(0.5, abs=0.1), pytest.approx(2, abs=0.4))
    assert np.quantile(places, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.05)
    assert np.quantile(colors, [0.1, 0.5, 0.9]) == pytest.approx([25, 128, 230], abs=15)
