"""The distributions of operations and magnitudes, compared with keras-cv's samplers."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from bloodcells.augmentation.randaugment.policy import DRAWS, Operation, Plan, sample

MAGNITUDE, STDDEV = 0.6, 0.2
COUNT = 20_000


def plan() -> Plan:
    """Three operations for each of COUNT images, at a rate of 0.8."""
    uniforms = np.random.default_rng(0).random((COUNT, 3 * DRAWS))
    return sample(uniforms, magnitude=MAGNITUDE, magnitude_stddev=STDDEV, rate=0.8)


def keras_cvs(count: int) -> dict[tuple[Operation, str], np.ndarray]:
    """`count` random values of every magnitude from the samplers of keras-cv's layers."""
    import tensorflow as tf
    from keras_cv.layers import RandAugment as Layer

    tf.keras.utils.set_random_seed(0)
    layers = Layer.get_standard_policy((0, 255), MAGNITUDE, STDDEV, seed=1)
    drawn = [layer.get_random_transformation_batch(count) for layer in layers]
    _, _, solarize, gray, contrast, brightness, shear_x, shear_y, translate_x, translate_y = drawn
    draws = {
        (Operation.SOLARIZE, "amounts"): solarize["additions"],
        (Operation.SOLARIZE, "thresholds"): solarize["thresholds"],
        (Operation.GRAY, "amounts"): gray,
        (Operation.CONTRAST, "amounts"): contrast,
        (Operation.BRIGHTNESS, "amounts"): brightness,
        (Operation.SHEAR_X, "amounts"): shear_x["shear_x"],
        (Operation.SHEAR_Y, "amounts"): shear_y["shear_y"],
        (Operation.TRANSLATE_X, "amounts"): translate_x["width_translations"],
        (Operation.TRANSLATE_Y, "amounts"): translate_y["height_translations"],
    }
    return {key: np.ravel(draw) for key, draw in draws.items()}


def test_operations_are_equally_likely_and_the_rate_holds() -> None:
    operations = plan().operations
    assert operations.shape == (COUNT, 3)
    for position in operations.T:
        assert abs(np.mean(position == Operation.NONE) - 0.2) < 4 * np.sqrt(0.2 * 0.8 / COUNT)
        for operation in range(10):
            assert abs(np.mean(position == operation) - 0.08) < 4 * np.sqrt(0.08 * 0.92 / COUNT)
    # Consecutive operations are independent.
    both = np.mean((operations[:, 0] == Operation.EQUALIZE) & (operations[:, 1] == Operation.EQUALIZE))
    assert abs(both - 0.08**2) < 4 * np.sqrt(0.08**2 / COUNT)


def test_magnitudes_have_the_distributions_of_keras_cv() -> None:
    ours = plan()
    for (operation, name), theirs in keras_cvs(COUNT).items():
        drawn = getattr(ours, name)[ours.operations == operation]
        assert len(drawn) > 4000
        assert ks_2samp(drawn, theirs).pvalue > 0.001, (operation, name)
        tolerance = 0.03 * float(np.ptp(theirs))
        assert drawn.min() == pytest.approx(theirs.min(), abs=tolerance)
        assert drawn.max() == pytest.approx(theirs.max(), abs=tolerance)


def test_the_two_magnitudes_of_solarize_are_independent() -> None:
    ours = plan()
    chosen = ours.operations == Operation.SOLARIZE
    assert abs(np.corrcoef(ours.amounts[chosen], ours.thresholds[chosen])[0, 1]) < 0.05


@pytest.mark.parametrize("edge", [0.0, 1 - 2**-53])
@pytest.mark.parametrize("deviation", [0.0, 0.15])
def test_extreme_uniform_numbers_give_magnitudes_within_their_ranges(edge: float, deviation: float) -> None:
    for which in range(10):
        uniforms = np.array([[edge, which / 10 + 0.01, edge, edge]])
        drawn = sample(uniforms, magnitude=0.5, magnitude_stddev=deviation, rate=1.0)
        assert drawn.operations == which
        assert 0 <= drawn.thresholds <= 255
        assert np.abs(drawn.amounts) <= 255
