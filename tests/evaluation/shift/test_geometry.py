"""Geometric distortions of simple images, computed by hand."""

import numpy as np
import pytest
from scipy import ndimage

from bloodcells.evaluation.shift.geometry import (
    BORDERS,
    elastic,
    rotation,
    shear,
    translation,
    with_any_border,
    zoom,
)

NOISE = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)


def both_ways(distortion, image: np.ndarray, strength: float) -> list[np.ndarray]:
    """The distinct results for 20 seeds."""
    results = [distortion(image, strength, np.random.default_rng(seed)) for seed in range(20)]
    return list({result.tobytes(): result for result in results}.values())


def among(expected: np.ndarray, results: list[np.ndarray]) -> bool:
    # Pillow's cubic interpolation truncates fractions.
    return any(np.allclose(expected, result, rtol=0, atol=1) for result in results)


def test_quarter_turn_goes_in_either_direction() -> None:
    results = both_ways(rotation, NOISE, 90)
    assert len(results) == 2
    assert among(np.rot90(NOISE), results)
    assert among(np.rot90(NOISE, -1), results)


def test_quarter_turn_of_a_wide_image_reflects_its_edges() -> None:
    wide = NOISE[:, :6].swapaxes(0, 1)  # 6 x 12: turned, it fills 6 columns, with 3 reflected ones on each side
    turned = np.pad(np.rot90(wide), ((0, 0), (3, 3), (0, 0)), mode="symmetric")[3:9]
    assert among(turned, both_ways(rotation, wide, 90))


@pytest.mark.parametrize("angle", [20, 90, 150, 180])
def test_rotation_moves_a_point_along_a_circle(angle) -> None:
    image = np.zeros((61, 61, 3), np.uint8)
    image[29:32, 49:52] = 255  # 20 pixels to the right of the center
    places = [ndimage.center_of_mass(turned[..., 0]) for turned in both_ways(rotation, image, angle)]
    x, y = 20 * np.cos(np.deg2rad(angle)), 20 * np.sin(np.deg2rad(angle))
    assert [column for _, column in places] == pytest.approx([30 + x] * len(places), abs=0.1)
    assert sorted(row for row, _ in places) == pytest.approx([30 - y, 30 + y][: len(places)], abs=0.1)


def test_translation_goes_equally_far_in_every_direction() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[18:23, 28:33] = 255
    moves = []
    for seed in range(40):
        moved = translation(image, 0.3, np.random.default_rng(seed))[..., 0]
        moves.append(np.subtract(ndimage.center_of_mass(moved), (20, 30)))
    assert np.hypot(*np.transpose(moves)) == pytest.approx([12] * 40, abs=0.1)
    quadrants = {tuple(move > 0) for move in moves}
    assert len(quadrants) == 4


@pytest.mark.parametrize(
    ("border", "expected"),
    [
        ("symmetric", [5, 6, 7, 7, 6, 5, 4]),
        ("edge", [5, 6, 7, 7, 7, 7, 7]),
        ("black", [5, 6, 7, 0, 0, 0, 0]),
        ("white", [5, 6, 7, 255, 255, 255, 255]),
        ("background", [5, 6, 7, 4, 4, 4, 4]),  # the median of the rows 1 to 7 and the columns of 1 and 7
    ],
)
def test_border_fills_what_a_translation_uncovers(border, expected) -> None:
    class Rightward:
        """The window moves to the right, so the image moves to the left."""

        def random(self) -> float:
            return 0.0

    image = np.tile(np.arange(1, 8, dtype=np.uint8)[None, :, None], (7, 1, 3))
    moved = translation(image, 4 / 7, Rightward(), border=border)  # type: ignore[arg-type]
    assert (moved == np.reshape(expected, (1, 7, 1))).all()


def test_border_is_drawn_from_all() -> None:
    drawn = []

    def operation(image: np.ndarray, strength: float, rng: np.random.Generator, *, border: str) -> np.ndarray:
        drawn.append(border)
        return image

    bordered = with_any_border(operation)
    assert bordered.__name__ == "operation"
    for seed in range(400):
        bordered(NOISE, 1, np.random.default_rng(seed))
    assert {border: drawn.count(border) / 400 for border in BORDERS} == pytest.approx(
        dict.fromkeys(BORDERS, 0.2), abs=0.08
    )


def test_shear_moves_rows_or_columns_by_their_distance_from_the_centre() -> None:
    image = np.zeros((9, 9, 3), np.uint8)
    image[:, 4] = 200  # a vertical line becomes a diagonal
    results = both_ways(shear, image, 1)
    diagonal = 200 * np.eye(9, dtype=np.uint8)[..., None].repeat(3, axis=2)
    assert among(diagonal, results)
    assert among(diagonal[::-1], results)
    assert among(image, results)  # unchanged by a shear along its own direction


def test_zoom_keeps_the_centre_and_enlarges_or_shrinks() -> None:
    image = np.zeros((45, 61, 3), np.uint8)
    image[18:27, 26:35] = 240  # 9 x 9, in the centre
    areas = []
    for zoomed in both_ways(zoom, image, 1.5):
        shares = zoomed[..., 0] / 240
        assert ndimage.center_of_mass(shares) == pytest.approx((22, 30), abs=0.02)
        areas.append(shares.sum())
    assert sorted(areas) == pytest.approx([81 / 1.5**2, 81 * 1.5**2], rel=0.05)


def test_elastic_displacement_has_the_given_root_mean_square() -> None:
    ramp = np.arange(96, dtype=np.uint8)[None, :, None] * np.ones((96, 1, 3), np.uint8) * 2
    for image in (ramp, ramp.swapaxes(0, 1)):
        moves = []
        for seed in range(8):
            moved = elastic(image, 0.02, np.random.default_rng(seed)).astype(float) - image
            moves.append((moved[8:-8, 8:-8, 0] / 2) ** 2)  # pixels; away from the reflected edges
        assert np.sqrt(np.mean(moves)) == pytest.approx(0.02 * 96, rel=0.15)


@pytest.mark.parametrize(("distortion", "strength"), [(rotation, 37), (shear, 0.4), (zoom, 1.4), (elastic, 0.04)])
def test_no_blank_border_appears(distortion, strength) -> None:
    plain = np.full((20, 32, 3), (250, 120, 7), np.uint8)
    assert all(np.array_equal(result, plain) for result in both_ways(distortion, plain, strength))
