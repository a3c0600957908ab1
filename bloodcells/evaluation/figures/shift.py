"""Accuracy on distorted images."""

from collections.abc import Mapping, Sequence

import seaborn as sns
from matplotlib.figure import Figure

from bloodcells.evaluation.shift.catalogue import DISTORTIONS
from bloodcells.reporting.style import GREY, PALETTE


def shift_curves(
    clean: float, accuracy: Mapping[str, Sequence[float]], severities: Sequence[int], trained_on: Sequence[str]
) -> Figure:
    """Accuracy against severity, a line a distortion, a panel a group of them.

    clean: the accuracy on the images as they are, drawn at severity 0
    accuracy: of each distortion, at each of the severities
    trained_on: the distortions that training augmentation overlaps, marked and drawn with broken lines
    """
    groups = list(dict.fromkeys(DISTORTIONS[name].group for name in accuracy))
    columns = 4
    rows = -(-len(groups) // columns)
    figure = Figure(figsize=(10, 2.5 * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, group in zip(panels, groups, strict=False):
        names = [name for name in accuracy if DISTORTIONS[name].group == group]
        for name, color, marker in zip(names, PALETTE, "os^Dv<", strict=False):
            seen = name in trained_on
            axes.plot(
                [0, *severities], [clean, *accuracy[name]], color=color, marker=marker, markersize=4,
                linestyle="--" if seen else "-", label=name.replace("_", " ") + " (trained on)" * seen,
            )  # fmt: skip
        axes.axhline(clean, color=GREY, linewidth=0.8, linestyle=":")
        axes.set_title(group, fontsize="medium")
        axes.set_ylim(0, 1.02)
        axes.set_xticks([0, *severities])
        axes.legend(fontsize="small", frameon=False, loc="lower left")
    for axes in panels[len(groups) :]:
        axes.set_visible(False)
    for axes in panels[max(0, len(groups) - columns) : len(groups)]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("Severity (0: as they are)")
    for axes in panels[::columns]:
        axes.set_ylabel("Accuracy")
    sns.despine(figure)
    return figure
