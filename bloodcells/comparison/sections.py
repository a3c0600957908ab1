"""A comparison told in order: its sections, for the page and for Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pandas import DataFrame

from bloodcells.comparison import tables
from bloodcells.comparison.answers import CLEAN
from bloodcells.comparison.depth import DepthCurve
from bloodcells.comparison.figures import MOST, MOST_CURVES, distortions, forest, unfreezing
from bloodcells.comparison.labels import telling, varying
from bloodcells.comparison.reference import Reference, order
from bloodcells.comparison.rows import MEASURES, Comparison
from bloodcells.reporting.page import Block, RenderedFigure, Section
from bloodcells.reporting.terminal import aligned

INTERVALS = (
    "Means over seeds, with 95% intervals: on either side the wider of Student's t over the seeds and a bootstrap over "
    "the test images."
)


@dataclass(frozen=True)
class Pictures:
    """The figures, drawn once for page and files; distortions is None where no run was shifted."""

    forest: RenderedFigure
    curves: Sequence[RenderedFigure]
    distortions: RenderedFigure | None

    @classmethod
    def draw(cls, comparison: Comparison, references: Sequence[Reference], curves: Sequence[DepthCurve]) -> "Pictures":
        hardest = distortions(comparison)
        return cls(
            RenderedFigure.of(forest(comparison, references)),
            [RenderedFigure.of(unfreezing(curve)) for curve in curves[:MOST_CURVES]],
            RenderedFigure.of(hardest) if hardest else None,
        )

    def files(self) -> dict[str, RenderedFigure]:
        """By the name of the file each is written to."""
        several = len(self.curves) > 1
        named = {f"figures/unfreezing{f'_{k}' if several else ''}.png": curve for k, curve in enumerate(self.curves, 1)}
        found = {"figures/forest.png": self.forest, **named}
        return found | ({"figures/distortions.png": self.distortions} if self.distortions else {})


def lead(comparison: Comparison) -> str:
    """The best row, and by what."""
    row = comparison.rows[comparison.best]
    found = row.estimates[comparison.ranked_by]
    interval = f"{found.low:.3f} to {found.high:.3f}"
    said = f"Best by {MEASURES[comparison.ranked_by]}: {row.label}, {found.mean:.4f} ({interval})."
    equals = [
        other.label
        for other, difference in zip(comparison.rows, comparison.to_best[comparison.ranked_by], strict=True)
        if difference and not difference.significant
    ]
    if len(equals) > 5:
        said += f" {len(equals)} of the other {len(comparison.rows) - 1} rows do not differ from it significantly."
    elif equals:
        said += f" Not significantly different from it: {'; '.join(equals)}."
    elif len(comparison.rows) > 1:
        said += " All other rows that can be compared with it are significantly worse."
    if comparison.ranked_by == CLEAN:
        said += " Ranked by clean accuracy, since not all rows have a shifted one."
    return said


def sections(
    comparison: Comparison,
    remarks: Sequence[str],
    references: Sequence[Reference],
    curves: Sequence[DepthCurve],
    pictures: Pictures,
) -> list[Section]:
    """All there is to tell."""
    some = f" The figure shows the {MOST} best rows." if len(comparison.rows) > MOST else ""
    told = [
        Section("Results", [f"{INTERVALS}{some}", tables.results(comparison), pictures.forest]),
        Section("Missing and unfinished", ["\n".join(f"- {remark}" for remark in remarks) or "Nothing is missing."]),
    ]
    if len(comparison.rows) > 1:
        told.insert(1, Section("Differences", [caption(comparison), *tables.differences(comparison)]))
    if curves:
        told.append(Section("Unfreezing depth", _depth(curves, pictures)))
    if pictures.distortions:
        text = f"Mean accuracy over seeds and severities, the hardest distortion first.{some}"
        told.append(Section("Distortions", [text, pictures.distortions]))
    if references:
        told.append(Section("References", _references(references, comparison)))
    return [*told, Section("What all rows share", _shared(comparison)), Section("Runs", [tables.ids(comparison)])]


def caption(comparison: Comparison) -> str:
    """How differences were tested, and what that leaves open: the seeds."""
    methods = {
        found.method
        for family in (comparison.to_best, comparison.to_before)
        for differences in family.values()
        for found in differences
        if found
    }
    moved = [
        np.ptp(row.estimates[comparison.ranked_by].values) for row in comparison.rows if len(row.configuration.runs) > 1
    ]
    seeds = (
        f"The seeds of a row lie {100 * np.median(moved):.1f} points apart in {MEASURES[comparison.ranked_by]} (median "
        f"over rows; at most {100 * np.max(moved):.1f})."
        if moved
        else "How much seeds move is not known, with one seed a row."
    )
    return (
        f"Points are percentage points. Seed by seed on the same test images, {' or '.join(sorted(methods))} test, an "
        "image a cluster; p corrected by Holm over each column. The test is over images, given these trained models. "
        f"{seeds}"
    )


def summary(comparison: Comparison, remarks: Sequence[str], where: Mapping[str, str]) -> str:
    """The end of the terminal's output."""
    runs = sum(len(row.configuration.runs) for row in comparison.rows)
    lines = {"compared": f"{len(comparison.rows)} configurations, {runs} runs", "best": lead(comparison)}
    for number, remark in enumerate(remarks[:10]):
        lines["missing" if not number else " " * number] = remark
    if len(remarks) > 10:
        lines[" " * 10] = f"and {len(remarks) - 10} more, told in the report"
    return aligned(lines | dict(where))


def _references(references: Sequence[Reference], comparison: Comparison) -> list[Block]:
    text = (
        "“Agrees” says that the intervals overlap, or that a value without one lies in ours. Reported counts have "
        "Wilson's 95% interval."
    )
    ordered = [f"{metric}: {said}." for metric, said in order(references, comparison).items()]
    return [text, tables.agreement(references, comparison), *(["\n".join(ordered)] if ordered else [])]


def _depth(curves: Sequence[DepthCurve], pictures: Pictures) -> list[Block]:
    blocks: list[Block] = []
    for number, curve in enumerate(curves):
        blocks.append(curve.describe())
        blocks += pictures.curves[number : number + 1]
    some = (
        f"The {len(pictures.curves)} curves that reach highest are drawn." if len(curves) > len(pictures.curves) else ""
    )
    return [some, *blocks] if some else blocks


def _shared(comparison: Comparison) -> list[Block]:
    params = [row.configuration.params for row in comparison.rows]
    changing = varying(params)
    shared = DataFrame(
        [(key, value) for key, value in params[0].items() if key not in changing], columns=["key", "value"]
    )
    along = [key for key in changing if key not in telling(params)]
    return [shared, *([f"These change along with what the rows are called by: {', '.join(along)}."] if along else [])]
