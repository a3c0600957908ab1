"""Symmetries and affine maps, compared with NumPy and SciPy."""

import numpy as np
import pytest
from scipy import ndimage

from bloodcells.augmentation.affine import REFLECTED, warp
from bloodcells.augmentation.variety import Affine

IMAGE = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
SYMMETRIES = [np.rot90(side, turns) for side in (IMAGE, IMAGE[:, ::-1]) for turns in range(4)]
STILL = {"rotation": 0, "translate": 0, "zoom": 1, "shear": 0}


def outcomes(count: int, **settings: float) -> np.ndarray:
    uniforms = np.random.default_rng(1).random((count, Affine.draws))
    return Affine(**{"chance": 1.0, **STILL, **settings}).on_images(np.tile(IMAGE, (count, 1, 1, 1)), uniforms)


@pytest.mark.parametrize("settings", [{}, {"chance": 0.0, "rotation": 180, "translate": 0.5, "zoom": 2, "shear": 1}])
def test_the_eight_symmetries_are_exact_and_equally_likely(settings) -> None:
    counts = np.zeros(8, int)
    for outcome in outcomes(800, **settings):
        matches = [np.array_equal(outcome, symmetric) for symmetric in SYMMETRIES]
        assert sum(matches) == 1
        counts[matches.index(True)] += 1
    # 800 draws at 1/8: mean 100, standard deviation 9.4; 4 of them either way
    assert all((counts > 62) & (counts < 138))


@pytest.mark.parametrize(("level", "mode"), [(REFLECTED, "reflect"), (90.0, "grid-constant")])
def test_the_warp_equals_scipys_up_to_rounding(level, mode) -> None:
    rng = np.random.default_rng(2)
    maps, starts = rng.normal(size=(40, 2, 2)), rng.uniform(-20, 20, (40, 2))
    warped = warp(np.repeat(IMAGE[None], 40, axis=0), maps, starts, np.full(40, level))
    for outcome, matrix, start in zip(warped, maps, starts, strict=True):
        theirs = [
            ndimage.affine_transform(IMAGE[..., k].astype(float), matrix, start, order=1, mode=mode, cval=90)
            for k in range(3)
        ]
        assert np.abs(outcome - np.stack(theirs, axis=-1)).max() <= 0.5 + 1e-6


def test_amounts_stay_within_their_limits_and_come_close_to_them() -> None:
    yx = np.stack(np.meshgrid(np.arange(101), np.arange(101), indexing="ij"), axis=-1)
    ramp = np.concatenate([yx, yx[..., :1]], axis=-1).astype(np.uint8)  # each pixel holds its own position
    uniforms = np.random.default_rng(3).random((300, Affine.draws))
    uniforms[:, 1] = 0  # no symmetry

    def moved(**settings: float) -> np.ndarray:
        warped = Affine(**{"chance": 1.0, **STILL, **settings}).on_images(np.tile(ramp, (300, 1, 1, 1)), uniforms)
        return warped[:, 40:61, 40:61, :2].astype(float)  # lies within the image under these maps

    shifts = moved(translate=0.2)[:, 10, 10] - 50
    assert 19 <= np.abs(shifts).max() <= 20.5
    factors = (moved(zoom=1.5)[:, 20, 10, 0] - moved(zoom=1.5)[:, 0, 10, 0]) / 20
    assert factors.min() == pytest.approx(1 / 1.5, abs=0.06)
    assert factors.max() == pytest.approx(1.5, abs=0.06)
    steps = moved(rotation=30)[:, 20, 10] - moved(rotation=30)[:, 0, 10]
    angles = np.rad2deg(np.arctan2(steps[:, 1], steps[:, 0]))
    assert angles.max() == pytest.approx(30, abs=3)
    assert angles.min() == pytest.approx(-30, abs=3)
    sheared = moved(shear=0.4)
    slopes = (sheared[:, 20, 10, 1] - sheared[:, 0, 10, 1]) / 20, (sheared[:, 10, 20, 0] - sheared[:, 10, 0, 0]) / 20
    assert all(np.abs(slope).max() == pytest.approx(0.4, abs=0.06) for slope in slopes)
    assert all((slopes[0] == 0) | (slopes[1] == 0))


def test_half_of_the_maps_fill_what_lies_beyond_the_edges_with_gray() -> None:
    white = np.full((400, 8, 8, 3), 255, np.uint8)
    uniforms = np.random.default_rng(4).random((400, Affine.draws))
    warped = Affine(**{"chance": 1.0, **STILL, "zoom": 10}).on_images(white, uniforms)
    small = uniforms[:, 5] < 0.3  # reduced by a factor of at least 2.5: the corner lies beyond the edge
    assert small.sum() > 90
    corners = warped[small, 0, 0]
    gray = corners[(corners < 255).any(axis=1)]
    assert 0.35 < len(gray) / small.sum() < 0.65
    assert (gray == gray[:, :1]).all()
    assert np.ptp(gray) > 200
