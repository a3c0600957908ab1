"""Descriptions of depth curves, and the differences that they show."""

import numpy as np
import pytest

from bloodcells.comparison.depth import DepthCurve, depth_curves
from tests.comparison.artificial import COMPOSED, comparison, difference, row

ROWS = [
    row(depth, accuracy, params={"unfreeze": depth}) for depth, accuracy in (("0", 0.8), ("10", 0.95), ("all", 0.9))
]


def test_best_depth_is_compared_with_both_neighbors() -> None:
    curve = DepthCurve("", ROWS, COMPOSED, 1, difference(15.0, 0.0004), difference(5.0, 0.2))
    assert curve.describe() == (
        "Best at unfreeze=10, composed accuracy 0.950 (0.940 to 0.960). Compared with the next shallower depth, "
        "unfreeze=0: better by 15.0 points (14.0 to 16.0, p < 0.001). Compared with the next deeper depth, "
        "unfreeze=all: no significant difference (+5.0 points, 4.0 to 6.0, p = 0.20)."
    )


def test_missing_and_incomparable_neighbors_are_stated() -> None:
    text = DepthCurve("loss=focal", ROWS, COMPOSED, 2, None, None).describe()
    assert text == (
        "loss=focal: best at unfreeze=all, composed accuracy 0.900 (0.890 to 0.910). Compared with the next shallower "
        "depth, unfreeze=10: not comparable, different data. No deeper depth was trained."
    )
    assert "No shallower depth was trained." in DepthCurve("", ROWS, COMPOSED, 0, None, None).describe()


def test_neighbors_have_the_difference_of_the_tables_in_every_curve() -> None:
    """The second curve is not the best, and its best row is compared with one neighbor as its previous row."""
    rows = [
        row(
            f"{loss} {depth}",
            mean,
            params={"unfreeze": depth, "loss": loss},
            **{"all_epochs/trainable_parameters": size},
        )
        for loss, means in (("focal", (0.8, 0.9, 0.7)), ("other", (0.5, 0.6, 0.4)))
        for (depth, size), mean in zip((("0", 1.0), ("10", 2.0), ("all", 3.0)), means, strict=True)
    ]
    for each in rows:
        each.shares[COMPOSED] = np.array([[float(k < 100 * each.estimates[COMPOSED].mean) for k in range(100)]])
    metrics = {"0": 1.0, "10": 2.0, "all": 3.0}
    for each in rows:
        each.configuration.runs[0].metrics = {
            "all_epochs/trainable_parameters": metrics[each.configuration.params["unfreeze"]]
        }
    vs_previous = [None, difference(10.0, 0.01), difference(-20.0, 0.01), None, difference(7.0, 0.02), None]
    vs_best = [-vs_previous[1], None, vs_previous[2], *[difference(-30.0, 0.01)] * 3]
    best, other = depth_curves(comparison(rows, vs_best, vs_previous=vs_previous, best=1))
    assert (best.vs_shallower, best.vs_deeper) == (-vs_best[0], -vs_best[2])
    assert other.vs_shallower == vs_previous[4]
    assert other.vs_deeper.points == pytest.approx(20.0)  # in no table, so it is tested here
