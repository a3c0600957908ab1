"""Operations: without effect at their neutral strength, growing up to their limit, with the same random numbers."""

import numpy as np
import pytest

from bloodcells.augmentation.batch_steps import CutMix, MixUp
from bloodcells.augmentation.steps import Color, FlipTranslate, RandAugment
from bloodcells.data.synthetic import draw_cells
from bloodcells.evaluation.shift.operations import OPERATIONS, resembled

CELLS = {size: draw_cells(24, max(size), seed=3).pixels[:24, : size[0], : size[1]] for size in ((32, 32), (40, 64))}


def applied(name: str, pixels: np.ndarray, share: float) -> np.ndarray:
    """The images under an operation at `share` of the way to its limit, each with its own random numbers."""
    operation = OPERATIONS[name]
    strength = operation.neutral + share * (operation.limit - operation.neutral)
    return np.stack([operation.apply(image, strength, np.random.default_rng(k)) for k, image in enumerate(pixels)])


def test_groups_in_the_order_of_image_formation() -> None:
    groups = [operation.group for operation in OPERATIONS.values()]
    expected = ["geometry", "color", "artifact", "light", "blur", "noise", "compression", "occlusion"]
    assert list(dict.fromkeys(groups)) == expected
    assert groups == sorted(groups, key=expected.index)
    assert all(name == operation.name and operation.source for name, operation in OPERATIONS.items())


@pytest.mark.parametrize("size", CELLS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_distance_from_the_original_grows_from_zero_with_the_strength(name, size) -> None:
    pixels, before = CELLS[size], CELLS[size].copy()
    # The distance of a rotated image is largest at 45 degrees; test_geometry.py tests larger angles.
    shares = np.array([0, 0.25, 0.5, 0.75, 1]) * (0.25 if name == "rotation" else 1)
    results = [applied(name, pixels, share) for share in shares]
    assert all((result.dtype, result.shape) == (np.uint8, pixels.shape) for result in results)
    distances = [np.abs(result.astype(int) - pixels).mean() for result in results]
    assert (np.diff(distances) > 0).all(), distances
    assert np.array_equal(pixels, before)
    # JPEG subsamples the color even at its best quality.
    assert distances[0] < 3 if name == "jpeg_compression" else distances[0] == 0


@pytest.mark.parametrize("name", OPERATIONS)
def test_random_draws_do_not_depend_on_the_strength(name) -> None:
    operation, states = OPERATIONS[name], set()
    for share in (0, 0.3, 1):
        rng = np.random.default_rng(5)
        operation.apply(CELLS[32, 32][0], operation.neutral + share * (operation.limit - operation.neutral), rng)
        states.add(str(rng.bit_generator.state))
    assert len(states) == 1


@pytest.mark.parametrize(
    ("augmentation", "expected"),
    [
        ({"mixup": MixUp(False, 0.2)}, ""),
        ({"flip_translate": FlipTranslate(0.1)}, "translation"),
        (
            {"color": Color(0.1, 0.1, 0.1, 0.1)},
            "stain hue white_balance saturation channel_permutation brightness contrast gamma",
        ),
        (
            {"randaugment": RandAugment(3, 0.5, 0.15, 0.9)},
            "translation shear stain white_balance saturation brightness contrast gamma equalize solarize",
        ),
        ({"flip_translate": FlipTranslate(0.1), "cutmix": CutMix(1.0)}, "translation occlusion rectangles"),
    ],
    ids=["mixup", "flip_translate", "color", "randaugment", "two"],
)
def test_operations_that_training_resembles(augmentation, expected) -> None:
    assert resembled(augmentation) == expected.split()
