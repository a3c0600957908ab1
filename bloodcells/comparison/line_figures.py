"""Figures with one line per row: accuracy over the strength of the distortions, and over the epochs of training."""

import textwrap
from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pandas import DataFrame

from bloodcells.comparison.figures import means_and_errors
from bloodcells.comparison.rows import Comparison, Row
from bloodcells.comparison.strength import curve_of
from bloodcells.config.errors import InputError
from bloodcells.config.names import Artifact, Metric
from bloodcells.evaluation.shift.by_image import FULL, MILD
from bloodcells.reporting.style import PALETTE, literal

LINES = 8  # maximum number of lines in a figure
PANELS = {"val_accuracy": "Clean validation images", "val_composed_accuracy": "Composed validation images"}


def strength(comparison: Comparison) -> Figure | None:
    """Accuracy over the strength of the distortions, of the best LINES rows; None if no row has composed accuracies."""
    drawn = [(row, curve) for row in _ranked(comparison) if (curve := curve_of(row))][:LINES]
    if not drawn:
        return None
    texts, height = _legend(row.label for row, _ in drawn)
    figure = Figure(figsize=(7, 3.4 + height), layout="constrained")
    axes = figure.subplots()
    for number, (text, (row, curve), color, marker) in enumerate(zip(texts, drawn, PALETTE, "os^DvP*X", strict=False)):
        aside = 0.008 * (number - (len(drawn) - 1) / 2)  # so that no interval hides another
        places = np.array(list(curve)) + aside
        axes.plot(places, list(curve.values()), color=color, marker=marker, markersize=4, label=text)
        named = {0.0: Metric.TEST_ACCURACY, MILD: Metric.MILD_ACCURACY, FULL: Metric.COMPOSED_ACCURACY}
        means, errors = means_and_errors([row.estimates[metric] for metric in named.values()])
        axes.errorbar(
            np.array(list(named)) + aside, means, yerr=errors, fmt="none", color=color, linewidth=1, capsize=2
        )
    for place, name in ((0.0, "clean"), (MILD, "mild"), (FULL, "composed")):
        axes.annotate(
            name, (place, 1), xycoords=("data", "axes fraction"), xytext=(0, 3), textcoords="offset points",
            ha="center", fontsize="small",
        )  # fmt: skip
    axes.set_xlabel("Strength of the chains of distortions (share of full strength)")
    axes.set_ylabel("Accuracy, mean over seeds")
    axes.grid(axis="y", color="0.9")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=1, fontsize="small", frameon=False)
    return figure


def learning(comparison: Comparison) -> Figure | None:
    """Validation accuracy over the epochs, clean and composed, of the best LINES rows; None if none has a history."""
    drawn = [(row, curve) for row in _ranked(comparison)[:LINES] if (curve := learning_curve(row)) is not None]
    if not drawn:
        return None
    texts, height = _legend(row.label for row, _ in drawn)
    figure = Figure(figsize=(8, 3.2 + height), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True)
    for axes, (column, title) in zip(panels, PANELS.items(), strict=True):
        for text, (_, curve), color in zip(texts, drawn, PALETTE, strict=False):
            axes.plot(curve.index, curve[column], color=color, linewidth=1.4, label=text)
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel("Epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y", color="0.9")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("Accuracy, mean over seeds")
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=1, fontsize="small", frameon=False)
    return figure


def learning_curve(row: Row) -> DataFrame | None:
    """Mean validation accuracies over the seeds, in 0..1, by epoch; the columns are those of PANELS.

    It ends with the first seed that stops, since the mean over the other seeds would jump. None if the history of a run
    cannot be read: a figure must not fail the report.
    """
    try:
        histories = [
            pd.read_csv(run.file(Artifact.HISTORY), index_col="epoch", usecols=["epoch", *PANELS])
            for run in row.configuration.runs.values()
        ]
    except (InputError, OSError, ValueError):
        return None
    shortest = min(len(history) for history in histories)
    return pd.concat([history.iloc[:shortest] for history in histories]).groupby(level="epoch").mean()


def _ranked(comparison: Comparison) -> list[Row]:
    return [comparison.rows[k] for k in comparison.order]


def _legend(labels: Iterable[str]) -> tuple[list[str], float]:
    """Labels in lines of up to 80 characters, and the height of a legend of them in inches."""
    texts = [literal(textwrap.fill(label, 80, break_long_words=False, break_on_hyphens=False)) for label in labels]
    return texts, sum(0.23 + 0.17 * text.count("\n") for text in texts)
