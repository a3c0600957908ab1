"""Confidence against accuracy."""

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bloodcells.evaluation.calibration import Reliability
from bloodcells.reporting.style import BLUE, GREY, ORANGE


def reliability_diagram(before: Reliability, after: Reliability, temperature: float) -> Figure:
    """Accuracy by confidence, and under it how many images each bin holds, before and after a temperature.

    ECE: the expected calibration error, the mean gap between the points and the dotted line.
    """
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    top, bottom = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(3, 1))
    titles = ("as trained", f"at temperature {temperature:.2f}")
    for column, (bins, title, color) in enumerate(zip((before, after), titles, (BLUE, ORANGE), strict=True)):
        _bars(top[column], bins, color)
        top[column].set_title(f"{title}: ECE {bins.error:.3f}", fontsize="medium")
        bottom[column].bar(bins.edges[:-1], bins.counts, np.diff(bins.edges), align="edge", color=color)
        bottom[column].set_yscale("symlog", linthresh=1)
        bottom[column].set_xlabel("Confidence (probability of the answer)")
    top[0].set_ylabel("Accuracy (share of images)")
    bottom[0].set_ylabel("Images")
    sns.despine(figure)
    return figure


def _bars(axes: Axes, bins: Reliability, color: str) -> None:
    filled = bins.counts > 0
    axes.bar(
        bins.edges[:-1][filled], bins.accuracy[filled], np.diff(bins.edges)[filled], align="edge", color=color,
        edgecolor="white", alpha=0.6,
    )  # fmt: skip
    axes.plot(bins.confidence[filled], bins.accuracy[filled], "o", color=color, markersize=4)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
