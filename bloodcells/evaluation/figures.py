"""Figures of a run. Colours are seaborn's colour-blind palette; sizes fit a column or a page of a paper."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from bloodcells.evaluation.predictions import Predictions
from bloodcells.training.best import Best
from bloodcells.training.epochs import Epoch

BLUE, ORANGE, GREY = sns.color_palette("colorblind")[0], sns.color_palette("colorblind")[1], "0.4"


def learning_curves(history: Sequence[Epoch], best: Best) -> Figure:
    """Loss and accuracy by epoch, in training and validation, with the stages and the best epoch marked."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [row.epoch for row in history]
    _curves(left, epochs, [row.train_loss for row in history], [row.val_loss for row in history], "Loss")
    _curves(
        right,
        epochs,
        [row.train_accuracy for row in history],
        [row.val_accuracy for row in history],
        "Accuracy (share of images)",
    )
    for axes in (left, right):
        axes.axvline(best.epoch, color=GREY, linestyle=":", label=f"best epoch, {best.epoch}")
        axes.set_xlabel("Epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        for before, after in pairwise(history):
            if before.stage != after.stage:
                axes.axvline(before.epoch + 0.5, color=GREY, linewidth=0.8)
                axes.annotate(
                    f" {after.stage}", (before.epoch + 0.5, 1.0), xycoords=("data", "axes fraction"),
                    va="bottom", fontsize="small", color=GREY,
                )  # fmt: skip
    left.legend(fontsize="small", frameon=False)
    sns.despine(figure)
    return figure


def confusion(predictions: Predictions) -> Figure:
    """The confusion matrix: counts, and under them shares of the true class; the shade is the share."""
    names = predictions.class_names
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


def training_images(images: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Up to 32 images as the model saw them, each titled with its class, or with both where two are mixed.

    images: float (n, h, w, 3), 0..255; labels: float (n, classes).
    """
    images, labels, columns = images[:32], labels[:32], 8
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(10, 1.45 * rows))
    figure.subplots_adjust(0.005, 0.01, 0.995, 1 - 0.15 / rows, wspace=0.05, hspace=0.25)
    for axes, image, label in zip(figure.subplots(rows, columns, squeeze=False).flat, images, labels, strict=False):
        axes.imshow(np.clip(np.rint(image), 0, 255).astype(np.uint8))
        axes.set_title(named(label, class_names), fontsize=7)
    for axes in figure.axes:
        axes.set_axis_off()
    return figure


def named(label: np.ndarray, class_names: Sequence[str]) -> str:
    """The class of a label, float (classes,), or where two are mixed both with their shares, a line each."""
    shares = [(share, class_names[k]) for k, share in enumerate(label) if share >= 0.005]
    shares = sorted(shares, reverse=True)[:2]
    mixed = len(shares) > 1 and shares[0][0] < 0.995
    return "\n".join(f"{name} {share:.0%}" if mixed else name for share, name in shares)


def _curves(axes: Axes, epochs: list[int], training: list[float], validation: list[float], label: str) -> None:
    axes.plot(epochs, training, color=BLUE, linestyle="--", marker="o", markersize=3, label="training")
    axes.plot(epochs, validation, color=ORANGE, marker="s", markersize=3, label="validation")
    axes.set_ylabel(label)
