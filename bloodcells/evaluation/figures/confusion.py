"""Which classes are taken for which."""

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from bloodcells.evaluation.predictions import Predictions
from bloodcells.reporting.style import literal


def confusion(predictions: Predictions) -> Figure:
    """The confusion matrix: counts, and under them shares of the true class; the shade is the share."""
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
