"""Changes of single color values, compared with values worked out by hand."""

import numpy as np
import pytest

from bloodcells.augmentation.variety import Tones

RAMP = np.repeat(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1), 3, axis=-1)
LIMITS = {"channel_shift": 0.2, "gamma": 2.0, "posterize": 64.0, "solarize": 0.5}
EQUALIZE, SHIFT, GAMMA, POSTERIZE, SOLARIZE, PERMUTE = range(6)


def toned(pixels: np.ndarray, operation: int | None, amounts: tuple[float, ...] = (0.5,) * 7) -> np.ndarray:
    """The images after a single operation. amounts: of gamma, posterize, solarize, permutation; of three shifts."""
    uniforms = np.ones((len(pixels), Tones.draws))
    uniforms[:, 6:] = amounts
    if operation is not None:
        uniforms[:, operation] = 0
    return Tones(chance=0.5, **LIMITS).on_images(pixels, uniforms)


def test_images_that_are_not_chosen_stay_as_they_are() -> None:
    assert np.array_equal(toned(RAMP, None), RAMP)


@pytest.mark.parametrize(
    ("operation", "place", "amount", "expected"),
    [
        (GAMMA, 0, 1 - 1e-12, {0: 0, 51: 10, 128: 64, 255: 255}),  # 255 (v / 255)^2
        (GAMMA, 0, 0.0, {0: 0, 51: 114, 128: 181, 255: 255}),  # 255 (v / 255)^(1/2)
        (POSTERIZE, 1, 1 - 1e-12, {0: 0, 63: 0, 64: 64, 191: 128, 255: 192}),
        (POSTERIZE, 1, 0.0, {0: 0, 77: 77, 255: 255}),
        (SOLARIZE, 2, 1 - 1e-12, {0: 0, 127: 127, 128: 127, 255: 0}),
        (SOLARIZE, 2, 0.0, {0: 0, 254: 254, 255: 0}),
        (SHIFT, 4, 1 - 1e-12, {0: 51, 100: 151, 230: 255}),  # by 0.2 * 255 = 51
        (SHIFT, 4, 0.0, {0: 0, 51: 0, 100: 49, 255: 204}),
    ],
)
def test_operations_map_values_as_defined(operation, place, amount, expected) -> None:
    amounts = [0.5] * 7
    amounts[place] = amount
    red = toned(RAMP, operation, tuple(amounts))[0, ..., 0].ravel()
    assert {value: int(red[value]) for value in expected} == expected


def test_channels_are_shifted_independently() -> None:
    shifted = toned(np.full((1, 2, 2, 3), 100, np.uint8), SHIFT, (0.5, 0.5, 0.5, 0.5, 0.0, 0.5, 1.0))
    assert shifted[0, 0, 0].tolist() == [49, 100, 151]


def test_equalize_spreads_the_levels_by_their_frequency() -> None:
    # 4, 2 and 2 of 8 pixels: 0 of the 4 pixels above the lowest level, 2 of 4, 4 of 4
    image = np.repeat(np.array([[7, 7, 7, 7, 50, 50, 60, 60]], np.uint8)[None, ..., None], 3, axis=-1)
    assert toned(image, EQUALIZE)[0, 0, :, 0].tolist() == [0, 0, 0, 0, 128, 128, 255, 255]
    flat = np.full((1, 4, 4, 3), 77, np.uint8)
    assert np.array_equal(toned(flat, EQUALIZE), flat)
    assert np.abs(toned(RAMP, EQUALIZE).astype(int) - RAMP).max() == 0


def test_every_permutation_but_the_usual_one_occurs() -> None:
    image = np.tile(np.array([1, 2, 3], np.uint8), (1, 2, 2, 1))
    orders = {
        tuple(toned(image, PERMUTE, (0.5, 0.5, 0.5, amount, 0.5, 0.5, 0.5))[0, 0, 0].tolist())
        for amount in np.linspace(0, 0.999, 50)
    }
    assert orders == {(1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)}


def test_the_chance_is_that_of_each_operation() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2000, 4, 4, 3), dtype=np.uint8)
    uniforms = np.random.default_rng(1).random((2000, Tones.draws))
    before = pixels.copy()
    changed = (Tones(chance=0.1, **LIMITS).on_images(pixels, uniforms) != before).any(axis=(1, 2, 3)).mean()
    assert np.array_equal(pixels, before)
    assert changed == pytest.approx(1 - 0.9**6, abs=0.05)
