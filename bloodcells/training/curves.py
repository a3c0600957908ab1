"""Learning curves as a figure."""

from collections.abc import Sequence
from itertools import pairwise

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bloodcells.reporting.style import BLUE, GRAY, ORANGE
from bloodcells.training.early_stopping import BestEpoch
from bloodcells.training.epochs import Epoch


def learning_curves(history: Sequence[Epoch], best: BestEpoch) -> Figure:
    """Training and validation loss and accuracy per epoch, with the stages and the best epoch marked."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [row.epoch for row in history]
    _curves(
        left,
        epochs,
        training=[row.train_loss for row in history],
        validation=[row.val_loss for row in history],
        label="Loss",
    )
    _curves(
        right,
        epochs,
        training=[row.train_accuracy for row in history],
        validation=[row.val_accuracy for row in history],
        label="Accuracy",
    )
    for axes in (left, right):
        axes.axvline(best.epoch, color=GRAY, linestyle=":", label=f"best epoch, {best.epoch}")
        axes.set_xlabel("Epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        for before, after in pairwise(history):
            if before.stage != after.stage:
                axes.axvline(before.epoch + 0.5, color=GRAY, linewidth=0.8)
                axes.annotate(
                    f" {after.stage}", (before.epoch + 0.5, 1.0), xycoords=("data", "axes fraction"),
                    va="bottom", fontsize="small", color=GRAY,
                )  # fmt: skip
    left.legend(fontsize="small", frameon=False)
    sns.despine(figure)
    return figure


def _curves(axes: Axes, epochs: list[int], *, training: list[float], validation: list[float], label: str) -> None:
    axes.plot(epochs, training, color=BLUE, linestyle="--", marker="o", markersize=3, label="training")
    axes.plot(epochs, validation, color=ORANGE, marker="s", markersize=3, label="validation")
    axes.set_ylabel(label)
