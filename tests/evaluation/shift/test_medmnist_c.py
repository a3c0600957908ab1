"""The corruptions of MedMNIST-C: what each does to an image at its published severities."""

import numpy as np
import pytest
from matplotlib.colors import hsv_to_rgb, rgb_to_hsv
from PIL import Image
from scipy import ndimage

from bloodcells.data.synthetic import draw_cells
from bloodcells.evaluation.shift.damage import jpeg, pixelate
from bloodcells.evaluation.shift.distort import distort
from bloodcells.evaluation.shift.medmnist_c import CORRUPTIONS
from bloodcells.evaluation.shift.strengths import SEVERITIES

CELLS = draw_cells(8, 64, seed=0).pixels[:6]
NAMES = np.array(list("abcdef"))


def corrupted(name: str, image: np.ndarray, severity: int, seed: int = 0) -> np.ndarray:
    return CORRUPTIONS[name].apply(image, severity, np.random.default_rng(seed))


def published(image: np.ndarray) -> np.ndarray:
    """The image at the published size, 224x224."""
    return np.asarray(Image.fromarray(image).resize((224, 224)))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_image_is_corrupted_alike_in_any_order_and_call_and_not_less_at_a_higher_severity(name) -> None:
    before, part, distances = CELLS.copy(), slice(4, 1, -1), [0.0]
    for severity in SEVERITIES:
        whole = distort(CELLS, NAMES, CORRUPTIONS[name], severity=severity, seed=1)
        assert (whole.dtype, whole.shape) == (np.uint8, CELLS.shape)
        again = distort(CELLS[part], NAMES[part], CORRUPTIONS[name], severity=severity, seed=1)
        assert np.array_equal(again, whole[part])
        distances.append(float(np.abs(whole.astype(float) - CELLS).mean()))
    assert (np.diff(distances) >= 0).all(), distances
    assert 0 < distances[1] < distances[5]
    assert np.array_equal(CELLS, before)


@pytest.mark.parametrize("name", ["motion_blur", "stain_deposit", "bubble"])
def test_random_corruptions_depend_on_seed_and_example(name) -> None:
    same = np.repeat(CELLS[:1], 6, axis=0)
    one, other = (distort(same, NAMES, CORRUPTIONS[name], severity=3, seed=seed) for seed in (1, 2))
    assert len({image.tobytes() for image in one}) == 6
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("name", "reference", "parameters"),
    [("jpeg", jpeg, [50, 30, 15, 10, 7]), ("pixelate", pixelate, [0.6, 0.5, 0.4, 0.3, 0.25])],
)
def test_blocks_have_their_size_in_an_image_of_the_published_size(name, reference, parameters) -> None:
    large, rng = published(CELLS[0]), np.random.default_rng(0)
    for severity, parameter in zip(SEVERITIES, parameters, strict=True):
        distorted = reference(large, parameter, rng)
        assert np.array_equal(corrupted(name, large, severity), distorted)
        reduced = np.asarray(Image.fromarray(distorted).resize((64, 64)))
        assert np.array_equal(corrupted(name, CELLS[0], severity), reduced)


@pytest.mark.parametrize("side", [224, 112])
def test_defocus_spreads_over_a_disc_of_the_published_radius(side) -> None:
    dot = np.zeros((side, side, 3), np.uint8)
    dot[side // 2, side // 2] = 255
    for severity, radius in zip(SEVERITIES, [2, 3, 4, 5, 6], strict=True):
        rows, columns = np.nonzero(corrupted("defocus_blur", dot, severity)[..., 0])
        reach = radius * side / 224
        assert reach - 0.5 <= np.ptp(rows) / 2 <= reach + 1
        assert reach - 0.5 <= np.ptp(columns) / 2 <= reach + 1


@pytest.mark.parametrize("side", [224, 112])
def test_motion_blur_moves_the_image_as_the_published_kernel(side) -> None:
    square = np.zeros((side, side, 3), np.uint8)
    square[side // 4 : -side // 4, side // 4 : -side // 4] = 255
    center = np.array(ndimage.center_of_mass(square[..., 0]))
    angles = []
    for severity, (radius, sigma) in zip(SEVERITIES, [(3, 3), (5, 5), (10, 5), (10, 7), (10, 9)], strict=True):
        pixels = np.arange(2 * radius + 1)
        weights = np.exp(-((pixels / sigma) ** 2) / 2)
        expected = (pixels * weights).sum() / weights.sum() * side / 224
        for seed in range(4):
            moved = np.array(ndimage.center_of_mass(corrupted("motion_blur", square, severity, seed)[..., 0])) - center
            assert np.hypot(*moved) == pytest.approx(expected, rel=0.02)
            angles.append(np.rad2deg(np.arctan2(*moved)))
    assert -45.5 < min(angles) < -10
    assert 10 < max(angles) < 45.5


@pytest.mark.parametrize(
    ("name", "factors"),
    [("brightness_up", [1.1, 1.2, 1.3, 1.35, 1.4]), ("brightness_down", [0.9, 0.8, 0.7, 0.6, 0.5])],
)
def test_brightness_multiplies(name, factors) -> None:
    for severity, factor in zip(SEVERITIES, factors, strict=True):
        expected = np.minimum(CELLS[0] * factor, 255)
        assert np.abs(corrupted(name, CELLS[0], severity) - expected).max() <= 1


@pytest.mark.parametrize(
    ("name", "factors"),
    [("contrast_up", [1.1, 1.15, 1.2, 1.25, 1.3]), ("contrast_down", [0.9, 0.8, 0.7, 0.6, 0.5])],
)
def test_contrast_multiplies_distances_from_the_mean_luminance(name, factors) -> None:
    gray = np.rint((CELLS[0] @ [0.299, 0.587, 0.114]).mean())
    for severity, factor in zip(SEVERITIES, factors, strict=True):
        expected = np.clip(gray + (CELLS[0] - gray) * factor, 0, 255)
        assert np.abs(corrupted(name, CELLS[0], severity) - expected).max() <= 1 + abs(factor - 1)


def test_saturation_is_added_in_hsv() -> None:
    image = CELLS[0].copy()
    image[0, :3] = [[0, 0, 0], [90, 90, 90], [0, 40, 200]]
    for severity, added in zip(SEVERITIES, [0.05, 0.1, 0.15, 0.17, 0.2], strict=True):
        hsv = rgb_to_hsv(image / 255)
        hsv[..., 1] = np.minimum(hsv[..., 1] + added, 1)
        assert np.abs(corrupted("saturate", image, severity) - 255 * hsv_to_rgb(hsv)).max() <= 0.51


@pytest.mark.parametrize(("severity", "most", "width"), [(1, 1, 24), (2, 2, 24), (3, 3, 24), (4, 3, 24), (5, 3, 32)])
def test_deposits_are_black_blots_of_the_published_number_and_width(severity, most, width) -> None:
    white = np.full((224, 224, 3), 255, np.uint8)
    counts, widths, areas = set(), [], []
    for seed in range(30):
        blots = corrupted("stain_deposit", white, severity, seed)
        assert set(np.unique(blots)) == {0, 255}
        inside = blots[10:-10, 10:-10]
        assert (inside == 0).sum() == (blots == 0).sum()
        labels, count = ndimage.label(blots[..., 0] == 0)
        counts.add(count)
        if count == 1:
            (rows, columns) = ndimage.find_objects(labels)[0]
            widths += [rows.stop - rows.start, columns.stop - columns.start]
            areas.append((labels == 1).mean() * 224**2 / width**2)
    assert counts == set(range(1, most + 1))
    assert 0.8 * width < np.median(widths) <= width
    assert 0.5 < np.median(areas) < 0.65  # of the square around it; the published blots cover 0.47 to 0.78


@pytest.mark.parametrize(
    ("severity", "radius", "most"), [(1, 5, 10), (2, 7, 10), (3, 10, 10), (4, 12, 12), (5, 15, 12)]
)
def test_bubbles_are_translucent_discs_of_the_published_number_and_radius(severity, radius, most) -> None:
    black = np.zeros((224, 224, 3), np.uint8)
    counts, sizes = [], []
    for seed in range(25):
        bubbles = corrupted("bubble", black, severity, seed)[..., 0]
        assert set(np.unique(bubbles)) == {0, 100, 130}  # of 255, over black
        labels, count = ndimage.label(bubbles > 0)
        counts.append(count)
        for rows, columns in ndimage.find_objects(labels):
            if (height := rows.stop - rows.start) == (columns.stop - columns.start):
                sizes.append(height / 2 - 2)  # radius inside the rim; discs that overlap are rarely square
    assert max(counts) <= most
    assert np.quantile(sizes, 0.02) >= 2.5
    assert np.quantile(sizes, 0.9) <= radius + 0.5
    assert np.median(sizes) == pytest.approx((3 + radius) / 2, abs=1 + radius / 10)
