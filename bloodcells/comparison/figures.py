"""Rows side by side. Colours are seaborn's colour-blind palette; sizes fit a page of a paper."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bloodcells.comparison.depth import PARAMETERS, DepthCurve
from bloodcells.comparison.reference import Reference
from bloodcells.comparison.rows import MEASURES, Comparison, Row
from bloodcells.reporting.style import PALETTE, literal

COLORS = dict(zip(MEASURES, PALETTE, strict=False))
MARKERS = dict(zip(MEASURES, "os", strict=False))
MOST = 25  # rows in a figure
MOST_CURVES = 2  # drawn; the others are told


def shown(comparison: Comparison) -> list[Row]:
    """The rows that a figure shows: all in their order, or the best where they are more than it can hold."""
    means = [row.estimates[comparison.ranked_by].mean for row in comparison.rows]
    chosen = sorted(np.argsort(means)[::-1][:MOST].tolist())
    return [comparison.rows[k] for k in chosen]


def forest(comparison: Comparison, references: Sequence[Reference]) -> Figure:
    """Each row's mean and interval; references of the same measure as hollow marks below ours."""
    rows = shown(comparison)
    measures = [measure for measure in MEASURES if any(measure in row.estimates for row in rows)]
    labels, width, height = _wrapped(rows)
    figure = Figure(figsize=(5.0 + width, 1.3 + (0.36 + 0.4 * height) * len(rows)), layout="constrained")
    axes = figure.subplots()
    places = {row.label: place for place, row in enumerate(rows)}
    for number, measure in enumerate(measures):
        having = [row for row in rows if measure in row.estimates]
        offset = 0.18 * (number - (len(measures) - 1) / 2)
        found = [row.estimates[measure] for row in having]
        means = np.array([each.mean for each in found])
        spread = [means - [each.low for each in found], [each.high for each in found] - means]
        axes.errorbar(
            means, [places[row.label] + offset for row in having], xerr=spread, fmt=MARKERS[measure], markersize=5,
            color=COLORS[measure], linewidth=1.4, label=MEASURES[measure],
        )  # fmt: skip
        for reference in references:
            for row in [comparison.rows[k] for k in reference.rows(comparison) if reference.metric == measure]:
                if row.label in places:
                    low, high = reference.interval or (reference.value, reference.value)
                    axes.errorbar(
                        reference.value, places[row.label] + offset + 0.13, fmt=MARKERS[measure], markersize=5,
                        xerr=[[reference.value - low], [high - reference.value]], linewidth=0.7, color=COLORS[measure],
                        markerfacecolor="white",
                    )  # fmt: skip
    axes.set_yticks(range(len(rows)), labels, fontsize="small")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("Accuracy (share of images), mean over seeds with its 95% interval")
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    handles, _ = axes.get_legend_handles_labels()
    if any(reference.metric in measures and reference.rows(comparison) for reference in references):
        handles.append(
            Line2D([], [], marker="o", linestyle="", markerfacecolor="white", color="0.3", label="reference")
        )
    figure.legend(handles=handles, loc="outside upper center", ncols=3, fontsize="small", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def unfreezing(curve: DepthCurve) -> Figure:
    """Accuracy by trained parameters, a mark a depth, the best ringed."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    figure.suptitle(literal(curve.name), fontsize="medium")
    x = [row.mean(PARAMETERS) for row in curve.rows]
    for measure in MEASURES:
        if all(measure in row.estimates for row in curve.rows):
            found = [row.estimates[measure] for row in curve.rows]
            means = np.array([each.mean for each in found])
            spread = [means - [each.low for each in found], [each.high for each in found] - means]
            axes.errorbar(
                x, means, yerr=spread, marker=MARKERS[measure], markersize=5, color=COLORS[measure], capsize=2,
                linewidth=1.4, label=MEASURES[measure],
            )  # fmt: skip
    best = curve.rows[curve.best].estimates[curve.ranked_by].mean
    axes.plot(
        x[curve.best], best, "o", markersize=13, markerfacecolor="none", markeredgecolor="0.2", linestyle="",
        label=f"best, unfreeze={curve.depths[curve.best]}",
    )  # fmt: skip
    axes.set_xscale("log")
    level, last, span = 0, 0.0, np.log(x[-1] / x[0]) or 1.0
    for place, depth in zip(x, curve.depths, strict=True):
        close = np.log(place / last) < 0.02 * (1 + len(depth)) * span if last else False
        level, last = level + 1 if close else 0, place
        axes.annotate(
            depth, (place, 1), xycoords=("data", "axes fraction"), xytext=(0, 3 + 11 * level),
            textcoords="offset points", ha="center", fontsize="small",
        )  # fmt: skip
    axes.set_xlabel("Trained parameters of the last stage (above: unfreeze)")
    axes.set_ylabel("Accuracy (share of images)")
    axes.grid(axis="y", color="0.9")
    figure.legend(loc="outside lower center", ncols=3, fontsize="small", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def distortions(comparison: Comparison) -> Figure | None:
    """Each row's mean accuracy under each distortion, the hardest first; None where no row was shifted."""
    rows = [row for row in shown(comparison) if row.distortions()]
    if not rows:
        return None
    found = [row.distortions() for row in rows]
    names = list(dict.fromkeys(name for each in found for name in each))
    table = np.array([[each.get(name, np.nan) for name in names] for each in found])
    order = np.argsort(np.nanmean(table, axis=0))
    table, names = table[:, order], [names[k] for k in order]
    labels, width, height = _wrapped(rows)
    size = (1.7 + 0.4 * len(names) + width, 1.7 + (0.3 + 0.6 * height) * len(rows))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    shades = axes.pcolormesh(100 * table, cmap="Blues", vmax=100, edgecolors="white", linewidth=0.5)
    figure.colorbar(shades, ax=axes, label="Accuracy (%)")
    middle = 0.4 * np.nanmin(table) + 0.6
    for (row, column), share in np.ndenumerate(table):
        text = axes.text(
            column + 0.5, row + 0.5, "" if np.isnan(share) else f"{100 * share:.0f}", ha="center", va="center",
            fontsize="small", color="white" if share > middle else "black",
        )  # fmt: skip
        text.set_in_layout(False)  # they lie within their cells; measuring each takes long
    axes.set_xticks(np.arange(len(names)) + 0.5, names)
    axes.set_yticks(np.arange(len(rows)) + 0.5, labels)
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.tick_params(axis="x", rotation=90, labelsize="small")
    axes.tick_params(axis="y", rotation=0, labelsize="small")
    axes.set_xlabel("Distortion, over all severities")
    return figure


def _wrapped(rows: Sequence[Row]) -> tuple[list[str], float, float]:
    """Labels in lines of up to 44 characters; how wide and how high they are, in inches."""
    labels = [literal(textwrap.fill(row.label, 44, break_long_words=False, break_on_hyphens=False)) for row in rows]
    lines = [line for label in labels for line in label.splitlines()]
    return labels, 0.075 * max(map(len, lines)), 0.15 * max(label.count("\n") for label in labels)
