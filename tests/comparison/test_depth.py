"""Descriptions of depth curves."""

from bloodcells.comparison.depth import DepthCurve
from tests.comparison.artificial import COMPOSED, difference, row

ROWS = [
    row(depth, accuracy, params={"unfreeze": depth}) for depth, accuracy in (("0", 0.8), ("10", 0.95), ("all", 0.9))
]


def test_best_depth_is_compared_with_both_neighbors() -> None:
    curve = DepthCurve("", ROWS, COMPOSED, 1, difference(15.0, 0.0004), difference(5.0, 0.2))
    assert curve.describe() == (
        "Best at unfreeze=10, composed accuracy 0.9500 (0.940 to 0.960). Compared with the next shallower depth, "
        "unfreeze=0: better by 15.0 points (14.0 to 16.0, p < 0.001). Compared with the next deeper depth, "
        "unfreeze=all: no significant difference (+5.0 points, 4.0 to 6.0, p = 0.20)."
    )


def test_missing_and_incomparable_neighbors_are_stated() -> None:
    text = DepthCurve("loss=focal", ROWS, COMPOSED, 2, None, None).describe()
    assert text == (
        "loss=focal: best at unfreeze=all, composed accuracy 0.9000 (0.890 to 0.910). Compared with the next shallower "
        "depth, unfreeze=10: not comparable, different data. No deeper depth was trained."
    )
    assert "No shallower depth was trained." in DepthCurve("", ROWS, COMPOSED, 0, None, None).describe()
