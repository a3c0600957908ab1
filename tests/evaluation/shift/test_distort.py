"""Distortions are pure functions of seed, name and example, and grow with severity at every image size."""

import subprocess
import sys

import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.data.synthetic import draw_cells
from bloodcells.evaluation.shift.catalogue import DISTORTIONS
from bloodcells.evaluation.shift.distort import distort
from bloodcells.evaluation.shift.strengths import SEVERITIES

CELLS = draw_cells(24, 48, seed=0).pixels[:24]
NAMES = np.array([f"cell {number}" for number in range(24)])
FIXED = {"defocus_blur", "jpeg", "pixelate"}  # without random numbers


@pytest.mark.parametrize("name", DISTORTIONS)
def test_image_is_distorted_alike_in_any_order_subset_and_call(name) -> None:
    whole = distort(CELLS, NAMES, DISTORTIONS[name], severity=3, seed=1)
    order = np.random.default_rng(0).permutation(24)[:7]
    assert np.array_equal(distort(CELLS[order], NAMES[order], DISTORTIONS[name], severity=3, seed=1), whole[order])
    assert np.array_equal(distort(CELLS, NAMES, DISTORTIONS[name], severity=3, seed=np.int64(1)), whole)


@pytest.mark.parametrize("name", sorted(set(DISTORTIONS) - FIXED))
def test_distortion_depends_on_seed_and_example(name) -> None:
    one = distort(np.repeat(CELLS[:1], 12, axis=0), NAMES[:12], DISTORTIONS[name], severity=3, seed=1)
    assert len({image.tobytes() for image in one}) > 1
    first, second = (distort(CELLS, NAMES, DISTORTIONS[name], severity=3, seed=seed) for seed in (1, 2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("name", DISTORTIONS)
def test_random_draws_do_not_depend_on_the_severity(name) -> None:
    states = []
    for severity in SEVERITIES:
        rng = np.random.default_rng(5)
        DISTORTIONS[name].apply(CELLS[0], severity, rng)
        states.append(str(rng.bit_generator.state))
    assert len(set(states)) == 1


@pytest.mark.parametrize("name", DISTORTIONS)
@pytest.mark.parametrize(("height", "width"), [(96, 96), (32, 32), (40, 64)])
def test_distance_from_the_original_grows_with_severity(name, height, width) -> None:
    pixels = draw_cells(24, max(height, width), seed=3).pixels[:24, :height, :width]
    before, distances = pixels.copy(), [0.0]
    for severity in SEVERITIES:
        distorted = distort(pixels, NAMES, DISTORTIONS[name], severity=severity, seed=0)
        assert (distorted.dtype, distorted.shape) == (np.uint8, pixels.shape)
        distances.append(float(np.abs(distorted.astype(float) - pixels).mean()))
    assert (np.diff(distances) > 0).all(), distances
    assert np.array_equal(pixels, before)


def test_unknown_severity_is_an_error() -> None:
    with pytest.raises(InputError, match="severity 0: expected one of 1, 2, 3, 4, 5"):
        distort(CELLS, NAMES, DISTORTIONS["jpeg"], severity=0, seed=0)


def test_no_training_augmentation_is_imported() -> None:
    look = (
        "import sys, bloodcells.evaluation.shift.chains, bloodcells.evaluation.shift.distort; "
        "print([name for name in sys.modules if name.split('.')[0] in ('tensorflow', 'keras', 'keras_cv', 'cv2') "
        "or name.startswith('bloodcells.augmentation')])"
    )
    result = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
