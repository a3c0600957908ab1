"""Learning curves as a figure."""

from itertools import pairwise

import seaborn as sns
from matplotlib.figure import Figure

from bloodcells.reporting.style import BLUE, GRAY, GREEN, ORANGE
from bloodcells.training.fit import FitResult


def learning_curves(fitted: FitResult) -> Figure:
    """Loss and accuracy per epoch on training and validation images, with the stages and the best epoch marked."""
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    table, best = fitted.table(), f"best epoch by {fitted.monitor.value} accuracy, {fitted.best.epoch}"
    for axes, measure in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for prefix, label, color, style in (
            ("train", "training", BLUE, "o--"),
            ("val", "validation, clean", ORANGE, "s-"),
            ("val_composed", "validation, composed", GREEN, "^-"),
        ):
            axes.plot(table["epoch"], table[f"{prefix}_{measure}"], style, color=color, markersize=3, label=label)
        axes.axvline(fitted.best.epoch, color=GRAY, linestyle=":", label=best)
        axes.set_xlabel("Epoch")
        axes.set_ylabel(measure.capitalize())
        axes.xaxis.get_major_locator().set_params(integer=True)
        for before, after in pairwise(fitted.history):
            if before.stage != after.stage:
                axes.axvline(before.epoch + 0.5, color=GRAY, linewidth=0.8)
                axes.annotate(
                    f" {after.stage}", (before.epoch + 0.5, 1.0), xycoords=("data", "axes fraction"),
                    va="bottom", fontsize="small", color=GRAY,
                )  # fmt: skip
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize="small", frameon=False
    )
    sns.despine(figure)
    return figure
