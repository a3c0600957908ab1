"""What a comparison found, in words, and how sure that is."""

import numpy as np

from bloodcells.comparison.rows import Comparison
from bloodcells.comparison.runs import MEASURES

MOST_EQUALS = 5  # maximum number of rows to name in the lead sentence


def compared(comparison: Comparison) -> str:
    """Such as "8 configurations, 24 runs"."""
    runs = sum(len(row.configuration.runs) for row in comparison.rows)
    rows = len(comparison.rows)
    return f"{rows} configuration{'' if rows == 1 else 's'}, {runs} run{'' if runs == 1 else 's'}"


def lead(comparison: Comparison) -> str:
    """The best row and the rows that are not significantly worse."""
    row = comparison.rows[comparison.best]
    best = row.estimates[comparison.ranked_by].describe()
    text = f"Best by {MEASURES[comparison.ranked_by]}: {row.label}, {best}."
    tested = [
        (other.label, difference)
        for other, difference in zip(comparison.rows, comparison.vs_best[comparison.ranked_by], strict=True)
        if difference
    ]
    one_seed = bool(tested) and all(difference.seeds == 1 for _, difference in tested)
    equals = [label for label, each in tested if not (each.significant if one_seed else each.clear)]
    worse = "worse on these test images" if one_seed else "clearly worse"
    if len(equals) > MOST_EQUALS:
        text += f" {len(equals)} of the other {len(comparison.rows) - 1} rows are not {worse}."
    elif equals:
        text += f" Not {worse}: {'; '.join(equals)}."
    elif len(comparison.rows) > 1:
        text += f" All other comparable rows are {worse}."
    if one_seed:
        text += " With one seed per row, the variation between trainings is unknown."
    if comparison.ranked_by != comparison.rank_by:
        text += (
            f" Ranked by {MEASURES[comparison.ranked_by]}, since not all rows have a comparable "
            f"{MEASURES[comparison.rank_by]}."
        )
    return text


def caption(comparison: Comparison) -> str:
    """How differences are tested, and how much the results vary between seeds, which the tests do not account for."""
    methods = {
        difference.method
        for family in (comparison.vs_best, comparison.vs_previous)
        for by_row in family.values()
        for difference in by_row
        if difference
    }
    several = [row for row in comparison.rows if len(row.configuration.runs) > 1]
    ranges = [np.ptp(row.estimates[comparison.ranked_by].values) for row in several]
    seeds = (
        f"The range over a row's seeds is {100 * np.median(ranges):.1f} points of {MEASURES[comparison.ranked_by]} "
        f"(median over rows; maximum {100 * np.max(ranges):.1f})."
        if ranges
        else "With one seed per row, the variation between seeds is unknown."
    )
    if not methods:
        return f"No differences are tested, since the rows share no test images. {seeds}"
    return (
        "Differences are in percentage points, seed by seed on the same test images, with 95% intervals; each bound is "
        "the wider of one over the images and Student's t over the seeds. Tests, with images as clusters: "
        f"{', '.join(sorted(methods))}; p is corrected by Holm's method over all pairs of a measure. p accounts for "
        "the choice of test images, given these trained models; only the interval accounts for other trainings. "
        f"{seeds}"
    )
