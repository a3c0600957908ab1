"""How deep to unfreeze: rows that are equal in all else, in the order of what they train."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bloodcells.comparison.labels import telling
from bloodcells.comparison.rows import MEASURES, Comparison, Row
from bloodcells.comparison.significance import Difference, holm, paired

DEPTH, PARAMETERS = "unfreeze", "trainable_parameters"


@dataclass(frozen=True)
class DepthCurve:
    """Three depths or more, from the fewest trained parameters to the most.

    name: what tells its rows from those of other curves, or nothing; best: the place of the best by `ranked_by`
    shallower, deeper: what tells the best from its neighbours, None where there is none
    """

    name: str
    rows: list[Row]
    ranked_by: str
    best: int
    shallower: Difference | None
    deeper: Difference | None

    @property
    def depths(self) -> list[str]:
        return [row.configuration.params[DEPTH] for row in self.rows]

    def describe(self) -> str:
        """The best depth and its neighbours, in words."""
        found, depths = self.rows[self.best].estimates[self.ranked_by], self.depths
        told = f"{self.name}: best" if self.name else "Best"
        told += f" at unfreeze={depths[self.best]}, {MEASURES[self.ranked_by]} {found.mean:.4f} "
        told += f"({found.low:.3f} to {found.high:.3f})."
        for difference, step, word in ((self.shallower, -1, "shallower"), (self.deeper, 1, "deeper")):
            place = self.best + step
            if 0 <= place < len(depths):
                compared = difference.describe() if difference else "not comparable, other data"
                told += f" Against the next {word}, unfreeze={depths[place]}: {compared}."
            else:
                told += f" No {word} one was tried."
        return told


def depth_curves(comparison: Comparison) -> list[DepthCurve]:
    """A curve for each group of rows equal in all but `unfreeze`, the one that reaches highest first.

    Lists of depths are schedules of their own and are left out.
    """
    groups: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for row in comparison.rows:
        if not row.configuration.params.get(DEPTH, "[").startswith("["):
            rest = {key: value for key, value in row.configuration.params.items() if key != DEPTH}
            groups.setdefault(tuple(sorted(rest.items())), []).append(row)
    groups = {key: rows for key, rows in groups.items() if len(rows) >= 3}
    rests = [dict(key) for key in groups]
    names = telling(rests)  # none for a single curve
    curves = [
        _curve(", ".join(f"{key}={rest.get(key, '-')}" for key in names), rows, comparison.ranked_by)
        for rest, rows in zip(rests, groups.values(), strict=True)
    ]
    return sorted(curves, key=lambda curve: -curve.rows[curve.best].estimates[curve.ranked_by].mean)


def _curve(name: str, rows: Sequence[Row], ranked_by: str) -> DepthCurve:
    rows = sorted(rows, key=lambda row: row.mean(PARAMETERS))
    best = int(np.argmax([row.estimates[ranked_by].mean for row in rows]))
    shares = [row.shares[ranked_by] for row in rows]
    neighbours = [paired(shares[best], shares[k]) if 0 <= k < len(rows) else None for k in (best - 1, best + 1)]
    shallower, deeper = holm(neighbours)
    return DepthCurve(name, rows, ranked_by, best, shallower, deeper)
