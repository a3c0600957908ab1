"""Intervals, worked out by hand."""

import numpy as np
import pytest

from bloodcells.comparison.intervals import overlap, student, wilson


def test_wilson_by_hand() -> None:
    low, high = wilson(588, 598)
    assert (round(low, 3), round(high, 3)) == (0.969, 0.991)
    p, n, z = 588 / 598, 598, 1.959964
    centre, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert (low, high) == pytest.approx(((centre - half) / (1 + z**2 / n), (centre + half) / (1 + z**2 / n)), rel=1e-6)
    assert wilson(598, 598)[0] < 0.995


def test_student_by_hand() -> None:
    # mean 0.98, deviation 0.01, 2 degrees of freedom: 4.302653 * 0.01 / sqrt(3)
    assert student(np.array([0.97, 0.98, 0.99])) == pytest.approx((0.98 - 0.0248414, 0.98 + 0.0248414), abs=1e-6)


def test_overlap_is_of_closed_intervals() -> None:
    assert overlap((0.1, 0.2), (0.2, 0.3))
    assert overlap((0.1, 0.4), (0.2, 0.3))
    assert not overlap((0.1, 0.19), (0.2, 0.3))
    assert not overlap((0.4, 0.5), (0.2, 0.3))
