"""Noise, compression, low resolution and occlusion, against Pillow and by hand."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from bloodcells.data.synthetic import draw_cells
from bloodcells.evaluation.shift.damage import gaussian_noise, jpeg, occlusion, pixelate

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
