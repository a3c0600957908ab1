"""Figures that compare rows, sized for a page of a paper."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bloodcells.comparison.depth import DepthCurve
from bloodcells.comparison.reference import Reference
from bloodcells.comparison.rows import Comparison, Estimate, Row
from bloodcells.comparison.runs import MEASURES
from bloodcells.config.names import Metric
from bloodcells.reporting.style import PALETTE, literal

COLORS = dict(zip(MEASURES, PALETTE, strict=False))
MARKERS = dict(zip(MEASURES, "osD^", strict=True))
MOST = 25  # maximum number of rows in a figure


def shown(comparison: Comparison) -> list[Row]:
    """The rows that a figure shows, in their order: all, or the best MOST if there are more."""
    return [comparison.rows[k] for k in sorted(comparison.order[:MOST])]


def forest(comparison: Comparison, references: Sequence[Reference]) -> Figure:
    """Mean and interval of each row; references for the same measure are hollow marks below ours.

    A reference is not drawn for a row whose backbone stands in for the one that the reference is about.
    """
    rows = shown(comparison)
    drawn = [
        (reference, comparison.rows[k].label)
        for reference in references
        for k in reference.rows(comparison)
        if not comparison.rows[k].configuration.stands_in
    ]
    measures = [measure for measure in MEASURES if any(measure in row.estimates for row in rows)]
    labels, width, height = _wrapped_labels(rows)
    figure = Figure(figsize=(5.0 + width, 1.3 + (0.36 + 0.4 * height) * len(rows)), layout="constrained")
    axes = figure.subplots()
    places = {row.label: place for place, row in enumerate(rows)}
    for number, measure in enumerate(measures):
        offset = 0.18 * (number - (len(measures) - 1) / 2)
        measured = [row for row in rows if measure in row.estimates]
        means, errors = means_and_errors([row.estimates[measure] for row in measured])
        axes.errorbar(
            means, [places[row.label] + offset for row in measured], xerr=errors, fmt=MARKERS[measure], markersize=5,
            color=COLORS[measure], linewidth=1.4, label=MEASURES[measure],
        )  # fmt: skip
        for reference, label in drawn:
            if reference.metric == measure and label in places:
                _draw_reference(axes, reference, places[label] + offset + 0.13)
    axes.set_yticks(range(len(rows)), labels, fontsize="small")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("Accuracy, mean over seeds with 95% interval")
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    handles, _ = axes.get_legend_handles_labels()
    if any(reference.metric in measures for reference, _ in drawn):
        handles.append(
            Line2D([], [], marker="P", linestyle="", markerfacecolor="white", color="0.3", label="reference")
        )
    figure.legend(handles=handles, loc="outside upper center", ncols=3, fontsize="small", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def unfreezing(curve: DepthCurve) -> Figure:
    """Accuracy over the number of trained parameters, one mark per depth, with a ring around the best."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    figure.suptitle(literal(curve.name), fontsize="medium")
    x = [row.mean(Metric.TRAINABLE_PARAMETERS) for row in curve.rows]
    for measure in MEASURES:
        if all(measure in row.estimates for row in curve.rows):
            means, errors = means_and_errors([row.estimates[measure] for row in curve.rows])
            axes.errorbar(
                x, means, yerr=errors, marker=MARKERS[measure], markersize=5, color=COLORS[measure], capsize=2,
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
        level, last = level + 1 if close else 0, place  # labels that would overlap are stacked
        axes.annotate(
            depth, (place, 1), xycoords=("data", "axes fraction"), xytext=(0, 3 + 11 * level),
            textcoords="offset points", ha="center", fontsize="small",
        )  # fmt: skip
    axes.set_xlabel("Trainable parameters in the last stage (above: unfreeze)")
    axes.set_ylabel("Accuracy")
    axes.grid(axis="y", color="0.9")
    figure.legend(loc="outside lower center", ncols=3, fontsize="small", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def distortions(comparison: Comparison) -> Figure | None:
    """Mean accuracy of each row under each distortion, hardest first; None if no row has distorted images."""
    rows = [row for row in shown(comparison) if row.distortions()]
    if not rows:
        return None
    accuracies = [row.distortions() for row in rows]
    names = list(dict.fromkeys(name for each in accuracies for name in each))
    table = np.array([[each.get(name, np.nan) for name in names] for each in accuracies])
    order = np.argsort(np.nanmean(table, axis=0))
    table, names = table[:, order], [names[k] for k in order]
    labels, width, height = _wrapped_labels(rows)
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
        text.set_in_layout(False)  # each lies within its cell, and measuring all of them is slow
    axes.set_xticks(np.arange(len(names)) + 0.5, [name.replace("_", " ") for name in names])
    axes.set_yticks(np.arange(len(rows)) + 0.5, labels)
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.tick_params(axis="x", rotation=90, labelsize="small")
    axes.tick_params(axis="y", rotation=0, labelsize="small")
    axes.set_xlabel("Distortion, mean over severities")
    return figure


def means_and_errors(estimates: Sequence[Estimate]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Means, and their distances to both bounds, as for `errorbar`."""
    means = np.array([estimate.mean for estimate in estimates])
    lows, highs = ([getattr(estimate, bound) for estimate in estimates] for bound in ("low", "high"))
    return means, [means - lows, highs - means]


def _draw_reference(axes: Axes, reference: Reference, y: float) -> None:
    low, high = reference.interval or (reference.value, reference.value)
    axes.errorbar(
        reference.value, y, xerr=[[reference.value - low], [high - reference.value]], fmt="P", markersize=6,
        linewidth=0.7, color=COLORS[reference.metric], markerfacecolor="white",
    )  # fmt: skip


def _wrapped_labels(rows: Sequence[Row]) -> tuple[list[str], float, float]:
    """Labels in lines of up to 44 characters, and their width and height in inches."""
    labels = [literal(textwrap.fill(row.label, 44, break_long_words=False, break_on_hyphens=False)) for row in rows]
    lines = [line for label in labels for line in label.splitlines()]
    return labels, 0.075 * max(map(len, lines)), 0.15 * max(label.count("\n") for label in labels)
