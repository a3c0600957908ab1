"""The scores of MedMNIST-C, worked by hand from constructed errors."""

import numpy as np
import pytest

from bloodcells.evaluation.shift.balanced_error import balanced_errors
from bloodcells.evaluation.shift.medmnist_c import CORRUPTIONS
from bloodcells.evaluation.shift.strengths import SEVERITIES
from bloodcells.evaluation.shift.suite import Shifted


def test_errors_are_averaged_over_severities_and_divided_by_those_of_alexnet() -> None:
    """Ten images of class 0 and five of class 1: a wrong one of class 0 costs 1/20, of class 1 1/10."""
    labels = np.repeat([0, 1], [10, 5])
    predicted = np.tile(labels, (len(CORRUPTIONS), 5, 1))
    names = list(CORRUPTIONS)
    predicted[names.index("jpeg"), 2, :4] = 1
    predicted[names.index("jpeg"), 4, 10:13] = 0
    predicted[names.index("saturate"), :, 0] = 1
    shifted = Shifted(CORRUPTIONS, SEVERITIES, np.arange(15).astype(str), labels, predicted)

    table = balanced_errors(shifted, clean=0.02).set_index("corruption")
    assert list(table.index) == names
    assert table.loc["jpeg", ["1", "2", "3", "4", "5"]].tolist() == pytest.approx([0, 0, 0.2, 0, 0.3])
    # (0.2 + 0.3) / 5 = 0.1 and 0.1 / 0.139762; 0.08 / (0.139762 - 0.018369) after subtracting the clean errors.
    assert table.loc["jpeg", ["mean", "AlexNet", "BE", "rBE"]].tolist() == pytest.approx(
        [0.1, 0.139762, 0.715502, 0.659016], rel=1e-5
    )
    # 0.05 / 0.034786 and 0.03 / (0.034786 - 0.018369)
    assert table.loc["saturate", ["mean", "BE", "rBE"]].tolist() == pytest.approx([0.05, 1.437360, 1.827374], rel=1e-5)
    # Without any error: -0.02 / (0.128988 - 0.018369)
    assert table.loc["bubble", ["mean", "BE", "rBE"]].tolist() == pytest.approx([0, 0, -0.180801], rel=1e-5)
    # (0.715502 + 1.437360) / 11
    assert table["BE"].mean() == pytest.approx(0.195715, rel=1e-5)
