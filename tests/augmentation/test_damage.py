"""Blur, low resolution, noise and compression, by their properties and compared with Pillow."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from bloodcells.augmentation.variety import Damage
from bloodcells.data.synthetic import draw_cells

LIMITS = {"blur": 0.05, "motion": 0.2, "pixelate": 0.25, "noise": 0.2, "jpeg": 8}
BLUR, MOTION, PIXELATE, NOISE, JPEG = range(5)
CELLS = draw_cells(4, 48, 0).pixels[:4]


def damaged(pixels: np.ndarray, kind: int | None, amount: float = 1.0, angle: float = 0.0) -> np.ndarray:
    """The images after one kind of damage."""
    uniforms = np.ones((len(pixels), Damage.draws))
    uniforms[:, 5:10], uniforms[:, 10] = amount, angle
    if kind is not None:
        uniforms[:, kind] = np.linspace(0, 0.49, len(pixels))
    return Damage(chance=0.5, **LIMITS).on_images(pixels, uniforms)


def roughness(pixels: np.ndarray) -> float:
    return float(np.abs(np.diff(pixels.astype(float), axis=1)).mean())


def test_images_that_are_not_chosen_stay_as_they_are() -> None:
    assert np.array_equal(damaged(CELLS, None), CELLS)


@pytest.mark.parametrize("kind", [BLUR, MOTION, PIXELATE])
def test_blur_is_smoother_and_keeps_the_mean(kind) -> None:
    before = CELLS.copy()
    little, much = damaged(CELLS, kind, 0.3), damaged(CELLS, kind)
    assert np.array_equal(CELLS, before)
    assert roughness(CELLS) > roughness(little) > roughness(much)
    assert np.abs(much.mean(axis=(1, 2)) - CELLS.mean(axis=(1, 2))).max() < 2
    flat = np.full((1, 16, 16, 3), 90, np.uint8)
    assert np.array_equal(damaged(flat, kind), flat)


def test_motion_blurs_along_its_direction_only() -> None:
    stripes = np.zeros((1, 40, 40, 3), np.uint8)
    stripes[:, ::2] = 200
    assert np.array_equal(damaged(stripes, MOTION, angle=0.0), stripes)  # along the stripes
    assert np.ptp(damaged(stripes, MOTION, angle=0.5)) < 60  # across them


def test_noise_has_the_chosen_deviation_and_follows_from_the_draw() -> None:
    gray = np.full((3, 64, 64, 3), 128, np.uint8)
    noisy = damaged(gray, NOISE, 0.5)
    assert np.std(noisy.astype(float)) == pytest.approx(0.5 * 0.2 * 255, rel=0.03)
    assert np.mean(noisy) == pytest.approx(128, abs=0.7)
    assert np.array_equal(noisy, damaged(gray, NOISE, 0.5))
    assert (noisy[0] != noisy[1]).mean() > 0.9


def test_compression_is_that_of_pillow_at_the_chosen_quality() -> None:
    file = BytesIO()
    Image.fromarray(CELLS[0]).save(file, "JPEG", quality=54)  # halfway from 100 to 8
    assert np.array_equal(damaged(CELLS, JPEG, 0.5)[0], np.asarray(Image.open(file)))
