"""Accuracy over the strength of the distortions, and where it changes the order of two configurations."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bloodcells.comparison.differences import PairedDifference, holm, paired_test
from bloodcells.comparison.rows import Row
from bloodcells.config.names import Metric

MOST = 10  # maximum number of pairs to name


@dataclass(frozen=True)
class Turn:
    """Two rows whose order on clean images differs from that under chains at full strength, both significantly.

    first: better on clean images, by `clean`; second: better at full strength, by `full`
    strength: where their curves first cross, as a share of full strength
    """

    first: Row
    second: Row
    clean: PairedDifference
    full: PairedDifference
    strength: float

    def describe(self) -> str:
        """Such as "a is better on clean images, by 2.0 points; b from strength 0.41 on, by 5.0 points at full …"."""
        return (
            f"{self.first.label} is better on clean images, by {abs(self.clean.points):.1f} points; "
            f"{self.second.label} from strength {self.strength:.2f} on, by {abs(self.full.points):.1f} points at full "
            "strength"
        )


def curve_of(row: Row) -> dict[float, float] | None:
    """Mean accuracy over the seeds by strength, from 0 (clean) to 1 (full); None if a run has no composed accuracy."""
    predictions = list(row.configuration.predictions.values())
    if not all(each.curve for each in predictions):
        return None
    by_strength = [{0.0: each.correct, **each.curve} for each in predictions]
    return {strength: float(np.mean([each[strength].mean() for each in by_strength])) for strength in by_strength[0]}


def turns(rows: Sequence[Row]) -> list[Turn]:
    """The pairs whose order turns, the largest difference at full strength first.

    Both differences are significant after Holm's correction over all pairs of `rows` on the same images.
    """
    curves = [curve_of(row) for row in rows]
    pairs, clean, full = [], [], []
    for one, other in combinations([k for k, curve in enumerate(curves) if curve], 2):
        tests = [
            paired_test(rows[one].shares[measure], rows[other].shares[measure])
            for measure in (Metric.TEST_ACCURACY, Metric.COMPOSED_ACCURACY)
        ]
        if tests[0] and tests[1]:
            pairs.append((one, other))
            clean.append(tests[0])
            full.append(tests[1])
    found = []
    for (one, other), at_clean, at_full in zip(pairs, holm(clean), holm(full), strict=True):
        if not (at_clean and at_full and at_clean.significant and at_full.significant):
            continue
        if at_clean.points * at_full.points < 0:
            first, second = (one, other) if at_clean.points > 0 else (other, one)
            strength = _crossing(curves[first] or {}, curves[second] or {})
            found.append(Turn(rows[first], rows[second], at_clean, at_full, strength))
    return sorted(found, key=lambda turn: -abs(turn.full.points))


def in_words(found: Sequence[Turn]) -> str:
    """The pairs that `turns` found, as text: one line per pair, at most MOST."""
    if not found:
        return "No two rows change their order significantly between clean images and full strength."
    lines = [f"- {turn.describe()}" for turn in found[:MOST]]
    if len(found) > MOST:
        lines.append(f"- and {len(found) - MOST} more pairs")
    return "\n".join(["Which row is better depends on the strength:", *lines])


def _crossing(first: dict[float, float], second: dict[float, float]) -> float:
    """Where the second curve first reaches the first, interpolated linearly; the first is above it at 0."""
    strengths = sorted(first)
    gaps = [first[strength] - second[strength] for strength in strengths]
    end = next(k for k, gap in enumerate(gaps) if gap <= 0)
    share = gaps[end - 1] / (gaps[end - 1] - gaps[end])
    return strengths[end - 1] + share * (strengths[end] - strengths[end - 1])
