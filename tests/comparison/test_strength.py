"""Where the strength of the distortions turns the order of two rows, on shares made up by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from bloodcells.comparison.configurations import Configuration
from bloodcells.comparison.rows import Row
from bloodcells.comparison.strength import curve_of, turns
from tests.comparison.artificial import CLEAN, COMPOSED

IMAGES = 200


def row(label: str, clean: int, *by_grade: int) -> Row:
    """A row with one seed: the first `clean` images are correct undistorted, and so on at strengths 0.25 to 1."""

    def correct(count: int) -> np.ndarray:
        return (np.arange(IMAGES) < count).astype(float)

    curve = {grade: correct(count) for grade, count in zip((0.25, 0.5, 0.75, 1.0), by_grade, strict=True)}
    predictions = SimpleNamespace(correct=correct(clean), curve=curve)
    shares = {CLEAN: correct(clean)[None], COMPOSED: correct(by_grade[-1])[None]}
    return Row(Configuration(label, {}, {}, {0: predictions}), {}, shares)


PLAIN = row("plain", 196, 180, 140, 90, 60)
ROBUST = row("robust", 180, 176, 150, 120, 100)


def test_curve_starts_with_the_clean_accuracy() -> None:
    assert curve_of(PLAIN) == {0.0: 0.98, 0.25: 0.9, 0.5: 0.7, 0.75: 0.45, 1.0: 0.3}


@pytest.mark.parametrize("rows", [[PLAIN, ROBUST], [ROBUST, PLAIN]])
def test_a_turn_lies_where_the_curves_cross(rows) -> None:
    (turn,) = turns(rows)
    # The gap is +4 images at 0.25 and -10 at 0.5.
    assert turn.strength == pytest.approx(0.25 + 0.25 * 4 / 14)
    assert turn.describe() == (
        "plain is better on clean images, by 8.0 points; robust from strength 0.32 on, by 20.0 points at full strength"
    )


def test_rows_in_the_same_order_or_without_a_significant_difference_do_not_turn() -> None:
    worse = row("worse", 170, 150, 120, 80, 40)
    equal = row("equal", 195, 180, 140, 90, 62)  # from PLAIN, 1 image on clean images and 2 at full strength
    assert turns([PLAIN, worse]) == []
    assert turns([PLAIN, equal]) == []


def test_the_largest_difference_at_full_strength_comes_first() -> None:
    best = row("best", 178, 176, 160, 140, 130)
    assert [(turn.first.label, turn.second.label) for turn in turns([PLAIN, ROBUST, best])] == [
        ("plain", "best"), ("plain", "robust"),
    ]  # fmt: skip
