"""Geometric distortions do to simple pictures what can be worked out by hand."""

import numpy as np
import pytest
from scipy import ndimage

from bloodcells.evaluation.shift.geometry import elastic, rotation, shear, zoom

NOISE = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)


def both_ways(distortion, image: np.ndarray, strength: float) -> list[np.ndarray]:
    """The results that 20 seeds give, each once."""
    found = [distortion(image, strength, np.random.default_rng(seed)) for seed in range(20)]
    return list({result.tobytes(): result for result in found}.values())


def among(expected: np.ndarray, found: list[np.ndarray]) -> bool:
    # Pillow's cubic interpolation cuts fractions off.
    return any(np.allclose(expected, result, rtol=0, atol=1) for result in found)


def test_a_quarter_turn_goes_either_way() -> None:
    found = both_ways(rotation, NOISE, 90)
    assert len(found) == 2
    assert among(np.rot90(NOISE), found)
    assert among(np.rot90(NOISE, -1), found)


def test_a_quarter_turn_of_a_wide_picture_reflects_what_lies_beyond_its_edge() -> None:
    wide = NOISE[:, :6].swapaxes(0, 1)  # 6 x 12: turned, its 6 rows fill 6 columns, and 3 more on each side mirror
    turned = np.pad(np.rot90(wide), ((0, 0), (3, 3), (0, 0)), mode="symmetric")[3:9]
    assert among(turned, both_ways(rotation, wide, 90))


def test_shear_moves_rows_or_columns_by_their_distance_from_the_middle() -> None:
    image = np.zeros((9, 9, 3), np.uint8)
    image[:, 4] = 200  # a line down the middle becomes a diagonal
    found = both_ways(shear, image, 1)
    diagonal = 200 * np.eye(9, dtype=np.uint8)[..., None].repeat(3, axis=2)
    assert among(diagonal, found)
    assert among(diagonal[::-1], found)
    assert among(image, found)  # sheared along its own direction, it stays


def test_zoom_keeps_the_middle_and_goes_in_or_out() -> None:
    image = np.zeros((45, 61, 3), np.uint8)
    image[18:27, 26:35] = 240  # 9 x 9, in the middle
    areas = []
    for found in both_ways(zoom, image, 1.5):
        shares = found[..., 0] / 240
        assert ndimage.center_of_mass(shares) == pytest.approx((22, 30), abs=0.02)
        areas.append(shares.sum())
    assert sorted(areas) == pytest.approx([81 / 1.5**2, 81 * 1.5**2], rel=0.05)


def test_elastic_moves_by_its_root_mean_square_along_both_axes() -> None:
    ramp = np.arange(96, dtype=np.uint8)[None, :, None] * np.ones((96, 1, 3), np.uint8) * 2
    for image in (ramp, ramp.swapaxes(0, 1)):
        moves = []
        for seed in range(8):
            moved = elastic(image, 0.02, np.random.default_rng(seed)).astype(float) - image
            moves.append((moved[8:-8, 8:-8, 0] / 2) ** 2)  # pixels; inside, where no edge is reflected
        assert np.sqrt(np.mean(moves)) == pytest.approx(0.02 * 96, rel=0.15)


@pytest.mark.parametrize(("distortion", "strength"), [(rotation, 37), (shear, 0.4), (zoom, 1.4), (elastic, 0.04)])
def test_no_blank_border_appears(distortion, strength) -> None:
    plain = np.full((20, 32, 3), (250, 120, 7), np.uint8)
    assert all(np.array_equal(found, plain) for found in both_ways(distortion, plain, strength))
