"""Exact and near copies, on images that are known to be copies or not."""

import io

import numpy as np
import pytest
from PIL import Image

from bloodcells.data.copies import exact_copies, near_copies
from bloodcells.data.synthetic import draw_cells


@pytest.fixture(scope="module")
def cells():
    return draw_cells(200, 96, 1).pixels[:60]


def shifted(image: np.ndarray, right: int, down: int) -> np.ndarray:
    return np.roll(np.pad(image, ((8, 8), (8, 8), (0, 0)), mode="edge"), (down, right), (0, 1))[8:-8, 8:-8]


def recompressed(image: np.ndarray) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "jpeg", quality=80)
    return np.asarray(Image.open(stream))


def test_exact_copies_are_the_sets_of_equal_images(noise_images) -> None:
    images = noise_images(8)
    images.pixels[5] = images.pixels[1]
    images.pixels[7] = images.pixels[1]
    images.pixels[6] = images.pixels[0]
    images.pixels[4] = images.pixels[2]
    images.pixels[4, 0, 0, 0] ^= 1
    assert [copies.tolist() for copies in exact_copies(images)] == [[0, 6], [1, 5, 7]]


@pytest.mark.parametrize(
    "change",
    [
        lambda image: shifted(image, 4, -3),
        recompressed,
        lambda image: np.clip(image.astype(int) + 6, 0, 255).astype(np.uint8),
    ],
    ids=["shifted", "recompressed", "brighter"],
)
def test_near_copies_are_found_and_no_other_pairs(cells, change) -> None:
    pixels = np.concatenate([cells, np.stack([change(image) for image in cells[:10]])])
    assert near_copies(pixels) == [(i, 60 + i) for i in range(10)]


def test_constant_images_are_not_copies_of_each_other() -> None:
    flat = np.stack([np.full((32, 32, 3), level, np.uint8) for level in (10, 120, 250)])
    assert near_copies(flat) == []


def test_near_copies_are_found_among_images_of_another_size_that_are_not_square(cells) -> None:
    wide = np.concatenate([cells, cells[:, :, ::-1]], axis=2)[:20, :70]
    pixels = np.concatenate([wide, recompressed(wide[3])[None]])
    assert near_copies(pixels) == [(3, 20)]
