"""Cutout and GridMask, by the areas and places that they cover."""

import numpy as np
import pytest

from bloodcells.augmentation.variety import Covered

WHITE = np.full((300, 40, 60, 3), 255, np.uint8)
UNIFORMS = np.random.default_rng(0).random((300, Covered.draws)) * 0.99  # no color is white


def masks(cutout: bool, grid: bool, **limits: float) -> np.ndarray:
    """What is covered: bool (300, 40, 60)."""
    uniforms = UNIFORMS.copy()
    uniforms[:, 0], uniforms[:, 1] = not cutout, not grid
    settings = {"chance": 0.5, "cutout": 0.5, "period": 0.5, "ratio": 0.4, **limits}
    covered = Covered(**settings).on_images(WHITE, uniforms)
    assert (WHITE == 255).all()
    changed = (covered != 255).any(axis=-1)
    colors = [np.unique(image[mask], axis=0) for image, mask in zip(covered, changed, strict=True) if mask.any()]
    assert all(len(color) == 1 for color in colors)
    return changed


def test_images_that_are_not_chosen_stay_as_they_are() -> None:
    assert not masks(cutout=False, grid=False).any()


def test_cutout_covers_one_rectangle_up_to_its_limit_anywhere() -> None:
    mask = masks(cutout=True, grid=False)
    for each in mask[mask.any(axis=(1, 2))]:
        rows, columns = np.flatnonzero(each.any(axis=1)), np.flatnonzero(each.any(axis=0))
        assert each.sum() == len(rows) * len(columns)
        assert each[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert len(rows) <= 21  # half of 40, and one for the grid of pixels
        assert len(columns) <= 31
    assert mask.any(axis=0).all()
    # the mean side is a quarter, less what lies beyond the edges
    assert 0.04 < mask.mean() < 0.0625


def test_grid_covers_equal_squares_at_equal_distances() -> None:
    mask = masks(cutout=False, grid=True, period=0.25)
    assert mask.mean() == pytest.approx(0.4**2, abs=0.02)
    for each in mask:
        rows = each.any(axis=1)
        starts = np.flatnonzero(np.diff(rows.astype(int)) == 1)
        assert len(starts) > 2
        assert np.ptp(np.diff(starts)) <= 1
        assert each.sum() == rows.sum() * each.any(axis=0).sum()
