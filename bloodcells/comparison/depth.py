"""Curves of accuracy over unfreezing depth: rows that differ only in `unfreeze`, by number of trained parameters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bloodcells.comparison.configurations import distinguishing
from bloodcells.comparison.differences import PairedDifference, holm, paired_test
from bloodcells.comparison.rows import Comparison, Row
from bloodcells.comparison.runs import MEASURES
from bloodcells.config.names import Metric

DEPTH = "unfreeze"


@dataclass(frozen=True)
class DepthCurve:
    """Three or more depths, in increasing order of trained parameters.

    name: the settings that distinguish it from other curves, "" for a single one
    best: index of the best row by `ranked_by`
    vs_shallower, vs_deeper: the best row compared with its neighbors; None if there is none or the data differ
    """

    name: str
    rows: list[Row]
    ranked_by: str
    best: int
    vs_shallower: PairedDifference | None
    vs_deeper: PairedDifference | None

    @property
    def depths(self) -> list[str]:
        return [row.configuration.params[DEPTH] for row in self.rows]

    def describe(self) -> str:
        """The best depth and how it compares with its neighbors."""
        depths, best = self.depths, self.rows[self.best].estimates[self.ranked_by].describe()
        text = f"{self.name}: best" if self.name else "Best"
        text += f" at unfreeze={depths[self.best]}, {MEASURES[self.ranked_by]} {best}."
        for difference, step, word in ((self.vs_shallower, -1, "shallower"), (self.vs_deeper, 1, "deeper")):
            neighbor = self.best + step
            if 0 <= neighbor < len(depths):
                result = difference.describe() if difference else "not comparable, different data"
                text += f" Compared with the next {word} depth, unfreeze={depths[neighbor]}: {result}."
            else:
                text += f" No {word} depth was trained."
        return text


def depth_curves(comparison: Comparison) -> list[DepthCurve]:
    """One curve per group of rows that differ only in `unfreeze`, the one with the highest accuracy first.

    Rows with a list of depths (gradual unfreezing) are left out.
    """
    groups: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for row in comparison.rows:
        if not row.configuration.params.get(DEPTH, "[").startswith("["):
            rest = {key: value for key, value in row.configuration.params.items() if key != DEPTH}
            groups.setdefault(tuple(sorted(rest.items())), []).append(row)
    groups = {key: rows for key, rows in groups.items() if len(rows) >= 3}
    rests = [dict(key) for key in groups]
    keys = distinguishing(rests)  # empty for a single curve
    curves = [
        _curve(", ".join(f"{key}={rest.get(key, '-')}" for key in keys), rows, comparison)
        for rest, rows in zip(rests, groups.values(), strict=True)
    ]
    return sorted(curves, key=lambda curve: -curve.rows[curve.best].estimates[curve.ranked_by].mean)


def _curve(name: str, rows: Sequence[Row], comparison: Comparison) -> DepthCurve:
    ranked_by = comparison.ranked_by
    rows = sorted(rows, key=lambda row: row.mean(Metric.TRAINABLE_PARAMETERS))
    best = int(np.argmax([row.estimates[ranked_by].mean for row in rows]))
    neighbors = [rows[k] if 0 <= k < len(rows) else None for k in (best - 1, best + 1)]
    known = [comparison.difference(rows[best], row) if row else None for row in neighbors]
    ours = rows[best].shares[ranked_by]
    tested = holm(
        [
            paired_test(ours, row.shares[ranked_by]) if row and not test else None
            for row, test in zip(neighbors, known, strict=True)
        ]
    )
    vs_shallower, vs_deeper = [test or own for test, own in zip(known, tested, strict=True)]
    return DepthCurve(name, rows, ranked_by, best, vs_shallower, vs_deeper)
