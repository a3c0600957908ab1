"""Plots of results: confusion matrix, reliability diagram, accuracy on distorted images."""

from collections.abc import Sequence

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame
from sklearn.metrics import confusion_matrix

from bloodcells.evaluation.calibration import Calibration, Reliability
from bloodcells.evaluation.predictions import Predictions
from bloodcells.evaluation.shift.by_image import FULL, MILD
from bloodcells.evaluation.shift.suite import Shifted
from bloodcells.reporting.style import BLUE, GRAY, ORANGE, PALETTE, literal


def confusion_plot(predictions: Predictions) -> Figure:
    """The confusion matrix. Each cell shows a count and the share of the true class, which sets its shade."""
    names = [literal(name) for name in predictions.class_names]
    counts = confusion_matrix(predictions.labels, predictions.predicted, labels=range(len(names)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    text = np.array(
        [
            [f"{count}\n{share:.0%}" if count else "" for count, share in zip(*row, strict=True)]
            for row in zip(counts, shares, strict=True)
        ]
    )
    side = max(4.0, 0.75 * len(names) + 1.5)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.subplots()
    sns.heatmap(
        shares, ax=axes, annot=text, fmt="", cmap="Blues", vmin=0, vmax=1, square=True, linewidths=0.5,
        xticklabels=names, yticklabels=names, annot_kws={"size": "small"},
        cbar_kws={"label": "Share of the true class", "shrink": 0.8},
    )  # fmt: skip
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")
    axes.tick_params(axis="x", rotation=45 if max(map(len, names)) > 3 else 0)
    axes.tick_params(axis="y", rotation=0)
    return figure


def reliability_plot(calibration: Calibration) -> Figure:
    """Reliability diagrams before and after temperature scaling: accuracy and number of images by confidence.

    ECE: expected calibration error, the mean distance of the points from the dotted line, weighted by images.
    """
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    top, bottom = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(3, 1))
    panels = (
        ("as trained", calibration.before, BLUE),
        (f"temperature {calibration.temperature:.2f}", calibration.after, ORANGE),
    )
    for column, (title, bins, color) in enumerate(panels):
        _draw_bins(top[column], bins, color)
        top[column].set_title(f"{title}: ECE {bins.error:.3f}", fontsize="medium")
        bottom[column].bar(bins.edges[:-1], bins.counts, np.diff(bins.edges), align="edge", color=color)
        bottom[column].set_yscale("symlog", linthresh=1)
        bottom[column].set_xlabel("Confidence (probability of the predicted class)")
    top[0].set_ylabel("Accuracy")
    bottom[0].set_ylabel("Images")
    sns.despine(figure)
    return figure


def _draw_bins(axes: Axes, bins: Reliability, color: str) -> None:
    filled = bins.counts > 0
    axes.bar(
        bins.edges[:-1][filled], bins.accuracy[filled], np.diff(bins.edges)[filled], align="edge", color=color,
        edgecolor="white", alpha=0.6,
    )  # fmt: skip
    axes.plot(bins.confidence[filled], bins.accuracy[filled], "o", color=color, markersize=4)
    axes.plot([0, 1], [0, 1], color=GRAY, linestyle=":", linewidth=1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)


def composed_plot(clean: float, curve: DataFrame) -> Figure:
    """Accuracy against the strength of the chains of distortions, with 95% intervals; the named points are marked.

    clean: accuracy on undistorted images, drawn at strength 0; curve: the table of `Composed.curve`
    """
    accuracies = dict(zip([0.0, *curve["strength"]], [clean, *curve["accuracy"]], strict=True))
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(curve["strength"], curve["95% interval from"], curve["to"], color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(list(accuracies), list(accuracies.values()), color=BLUE, marker="o", markersize=4)
    points = ((0.0, "clean", "left", 7), (MILD, "mild", "left", 7), (FULL, "composed", "right", -14))
    for strength, name, align, height in points:
        axes.annotate(
            f"{name} {accuracies[strength]:.3f}", (strength, accuracies[strength]), xytext=(0, height),
            textcoords="offset points", fontsize="small", ha=align,
        )  # fmt: skip
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(0, 1.1)
    axes.set_xlabel("Strength of the chains of distortions (share of full strength)")
    axes.set_ylabel("Accuracy")
    axes.grid(axis="y", color="0.9")
    sns.despine(figure)
    return figure


def shift_plot(clean: float, shifted: Shifted, trained_on: Sequence[str]) -> Figure:
    """Accuracy against severity: one panel per group of distortions, one line per distortion.

    clean: accuracy on undistorted images, drawn at severity 0
    trained_on: distortions that the training augmentation resembles, marked and drawn dashed
    """
    groups = list(dict.fromkeys(shifted.catalogue[name].group for name in shifted.accuracy))
    columns = 4
    rows = -(-len(groups) // columns)
    figure = Figure(figsize=(10, 2.5 * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, group in zip(panels, groups, strict=False):
        names = [name for name in shifted.accuracy if shifted.catalogue[name].group == group]
        for name, color, marker in zip(names, PALETTE, "os^Dv<", strict=False):
            seen = name in trained_on
            axes.plot(
                [0, *shifted.severities], [clean, *shifted.accuracy[name]], color=color, marker=marker, markersize=4,
                linestyle="--" if seen else "-", label=name.replace("_", " ") + " (trained on)" * seen,
            )  # fmt: skip
        axes.axhline(clean, color=GRAY, linewidth=0.8, linestyle=":")
        axes.set_title(group, fontsize="medium")
        axes.set_ylim(0, 1.02)
        axes.set_xticks([0, *shifted.severities])
        axes.legend(fontsize="small", frameon=False, loc="lower left")
    for axes in panels[len(groups) :]:
        axes.set_visible(False)
    for axes in panels[max(0, len(groups) - columns) : len(groups)]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("Severity (0: undistorted)")
    for axes in panels[::columns]:
        axes.set_ylabel("Accuracy")
    sns.despine(figure)
    return figure
