"""The content of a report: figures, sections and terminal summary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pandas import DataFrame

from bloodcells.comparison import tables
from bloodcells.comparison.configurations import distinguishing, varying
from bloodcells.comparison.depth import DepthCurve
from bloodcells.comparison.figures import MOST, distortions, forest, shown, unfreezing
from bloodcells.comparison.line_figures import LINES, learning, strength
from bloodcells.comparison.reference import Reference, order_agreement
from bloodcells.comparison.rows import Comparison
from bloodcells.comparison.strength import in_words, turns
from bloodcells.comparison.verdict import caption, compared, lead
from bloodcells.config.names import Metric
from bloodcells.reporting.page import Block, RenderedFigure, Section
from bloodcells.reporting.terminal import aligned

INTERVALS = (
    "Means over seeds with 95% intervals. Each bound is the wider of Student's t over the seeds and a bootstrap over "
    "the test images."
)
MOST_CURVES = 2  # maximum number of depth curves to draw; all are described in words
MOST_REMARKS = 10  # maximum number of remarks on the terminal


@dataclass(frozen=True)
class ReportFigures:
    """The rendered figures of a report; None: no run has what the figure shows."""

    forest: RenderedFigure
    curves: Sequence[RenderedFigure]
    strength: RenderedFigure | None = None
    distortions: RenderedFigure | None = None
    learning: RenderedFigure | None = None

    @classmethod
    def draw(
        cls, comparison: Comparison, references: Sequence[Reference], curves: Sequence[DepthCurve]
    ) -> "ReportFigures":
        optional = [draw(comparison) for draw in (strength, distortions, learning)]
        return cls(
            RenderedFigure.of(forest(comparison, references)),
            [RenderedFigure.of(unfreezing(curve)) for curve in curves[:MOST_CURVES]],
            *[RenderedFigure.of(figure) if figure else None for figure in optional],
        )

    def files(self) -> dict[str, RenderedFigure]:
        """The figures by file name in the report's folder."""
        several = len(self.curves) > 1
        curves = {
            f"figures/unfreezing{f'_{k}' if several else ''}.png": curve for k, curve in enumerate(self.curves, 1)
        }
        optional = {"strength": self.strength, "distortions": self.distortions, "learning": self.learning}
        return {"figures/forest.png": self.forest, **curves} | {
            f"figures/{name}.png": drawn for name, drawn in optional.items() if drawn
        }


def sections(
    comparison: Comparison,
    remarks: Sequence[str],
    references: Sequence[Reference],
    *,
    curves: Sequence[DepthCurve],
    figures: ReportFigures,
    server: str,
) -> list[Section]:
    """All sections of the report, in order; server: the address of MLflow's pages about the runs."""
    note = f" The figure shows the best {MOST} rows." if len(comparison.rows) > MOST else ""
    parts = [Section("Results", [f"{INTERVALS}{note}", tables.results(comparison), figures.forest])]
    if len(comparison.rows) > 1:
        parts.append(Section("Differences", [caption(comparison), *tables.differences(comparison)]))
    if figures.strength:
        parts.append(Section("Strength of the distortions", [_turns(comparison), figures.strength]))
    if figures.learning:
        until = f"Means over seeds, up to the first seed that stops early.{_best_lines(comparison)}"
        parts.append(Section("Learning curves", [until, figures.learning]))
    missing = "\n".join(f"- {remark}" for remark in remarks) or "Nothing is missing."
    parts.append(Section("Missing and unfinished runs", [missing]))
    if curves:
        parts.append(Section("Unfreezing depth", _depth(curves, figures)))
    if figures.distortions:
        text = f"Mean accuracy over seeds and severities, hardest distortion first.{note}"
        parts.append(Section("Distortions", [text, figures.distortions]))
    if references:
        parts.append(Section("References", _references(references, comparison)))
    parts.append(Section("Shared settings", _shared(comparison)))
    links = f"The links open MLflow's pages at {server}; those of a local store need `make ui`."
    return [*parts, Section("Runs", [links, tables.run_ids(comparison, server)])]


def summary(comparison: Comparison, remarks: Sequence[str], files: Mapping[str, str]) -> str:
    """The final lines on the terminal; files: paths by description."""
    lines = {
        "compared": compared(comparison),
        "best": lead(comparison).removeprefix("Best "),
    }
    for number, remark in enumerate(remarks[:MOST_REMARKS]):
        lines["missing" if not number else " " * number] = remark
    if len(remarks) > MOST_REMARKS:
        lines[" " * MOST_REMARKS] = f"and {len(remarks) - MOST_REMARKS} more, listed in the report"
    return aligned(lines | dict(files))


def _references(references: Sequence[Reference], comparison: Comparison) -> list[Block]:
    text = (
        "“Agrees” means that the intervals overlap, or that a value without an interval lies in ours. Reported counts "
        "have Wilson's 95% interval."
    )
    orders = [f"{metric}: {text}." for metric, text in order_agreement(references, comparison).items()]
    return [text, tables.agreement(references, comparison), *(["\n".join(orders)] if orders else [])]


def _turns(comparison: Comparison) -> str:
    chains = {
        predictions.variants[Metric.COMPOSED_ACCURACY]
        for row in comparison.rows
        for predictions in row.configuration.predictions.values()
        if Metric.COMPOSED_ACCURACY in predictions.variants
    }
    note = f"Chains per image: {'; '.join(sorted(chains))}. Bars are 95% intervals.{_best_lines(comparison)}"
    return f"{note} {in_words(turns(shown(comparison)))}"


def _best_lines(comparison: Comparison) -> str:
    """A sentence if a figure of lines cannot show all rows."""
    return f" The figure shows the best {LINES} rows." if len(comparison.rows) > LINES else ""


def _depth(curves: Sequence[DepthCurve], figures: ReportFigures) -> list[Block]:
    blocks: list[Block] = []
    if len(curves) > len(figures.curves):
        blocks.append(f"The {len(figures.curves)} curves with the highest accuracy are drawn.")
    for number, curve in enumerate(curves):
        blocks.append(curve.describe())
        blocks += figures.curves[number : number + 1]
    return blocks


def _shared(comparison: Comparison) -> list[Block]:
    params = [row.configuration.params for row in comparison.rows]
    changing = varying(params)
    shared = DataFrame(
        [(key, value) for key, value in params[0].items() if key not in changing], columns=["key", "value"]
    )
    implied = [key for key in changing if key not in distinguishing(params)]
    return [shared, *([f"These settings vary with those in the row names: {', '.join(implied)}."] if implied else [])]
