"""Brightness and color of the images: in data order and by class."""

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from pandas import DataFrame

from bloodcells.data.images import Images
from bloodcells.inspection.chapter import Chapter
from bloodcells.inspection.copies import Copies
from bloodcells.reporting.sheet import wrapped
from bloodcells.reporting.style import PALETTE, WARNING, literal

MEASURES = {"brightness": "0.6", "red": PALETTE[3], "green": PALETTE[2], "blue": PALETTE[0]}
ANNOTATED = 5  # sets of outliers annotated in the figure


def mean_colors(images: Images) -> DataFrame:
    """One row per image: its mean red, green and blue, and their mean as brightness, all in 0..255."""
    channels = images.pixels.mean(axis=(1, 2))
    return DataFrame(
        {"brightness": channels.mean(axis=1)} | dict(zip(("red", "green", "blue"), channels.T, strict=True))
    )


def brightness_in_order(images: Images, measures: DataFrame, repeated: list[Copies]) -> Chapter:
    """Brightness of each image in data order; outliers, which are copies of one image, form horizontal lines.

    measures: `mean_colors` of `images`, as loaded; repeated: from `find_copies`
    """
    outliers = sorted(
        (copies for copies in repeated if copies.kind == "outlier"), key=lambda copies: -len(copies.indices)
    )
    brightness = measures["brightness"].to_numpy()
    figure = Figure(figsize=(9.5, 3.4), layout="constrained")
    axes = figure.subplots()
    is_outlier = np.zeros(len(images), bool)
    for copies in outliers:
        is_outlier[copies.indices] = True
    for which, color, size, label in (
        (~is_outlier, PALETTE[0], np.clip(20_000 / len(images), 2, 10), "images"),
        (is_outlier, WARNING, 6, "outliers (repeated images)"),
    ):
        if which.any():
            axes.scatter(
                np.flatnonzero(which), brightness[which], size, color=color, linewidths=0, label=label, rasterized=True
            )
    for copies in outliers[:ANNOTATED]:
        first, last = int(copies.indices[0]), int(copies.indices[-1])
        place, side, shift = (first, "right", -6) if first > len(images) / 2 else (last, "left", 6)
        axes.annotate(
            f"{len(copies.indices):,} copies", (place, brightness[first]), (shift, 0), textcoords="offset points",
            ha=side, va="center", fontsize="small", color=WARNING,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1},
        )  # fmt: skip
    axes.set(xlabel="Image, in data order", ylabel="Mean brightness (0 to 255)")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.margins(x=0.03)
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside upper right", ncols=2, markerscale=2.5, frameon=False,
        fontsize="small",
    )  # fmt: skip
    sns.despine(figure)
    distinct = "one image" if len(outliers) == 1 else f"{len(outliers):,} distinct images"
    text = (
        f"The {is_outlier.sum():,} outliers are copies of {distinct} and form horizontal lines."
        if outliers
        else "No image is repeated often enough to be an outlier."
    )
    return Chapter(
        "Brightness in data order",
        [
            f"Each dot is one image as loaded, before cleaning. {text}",
            ("figures/brightness_in_order.png", figure),
        ],
    )


def brightness_by_class(images: Images, measures: DataFrame) -> Chapter:
    """Brightness and color of each class. `measures`: `mean_colors` of `images`, the cleaned ones."""
    names, labels = images.class_names, images.labels
    height = max(0.28 * len(names), 0.17 * sum(len(wrapped(name, 24).splitlines()) for name in names)) + 1.0
    figure = Figure(figsize=(10, height), layout="constrained")
    for axes, (measure, color) in zip(figure.subplots(1, 4, sharex=True, sharey=True), MEASURES.items(), strict=True):
        values = [measures[measure][labels == label].to_numpy() for label in range(len(names))]
        boxes = axes.boxplot(
            values, orientation="horizontal", widths=0.7, patch_artist=True, medianprops={"color": "black"},
            flierprops={"marker": ".", "markersize": 2, "markeredgecolor": "0.5"},
        )  # fmt: skip
        for box in boxes["boxes"]:
            box.set(facecolor=color, alpha=0.7)
        axes.set_xlabel(f"Mean {measure} (0 to 255)", fontsize="small")
        axes.set_yticks(range(1, len(names) + 1), [literal(wrapped(name, 24)) for name in names], fontsize="small")
    figure.axes[0].set_ylim(len(names) + 0.6, 0.4)
    figure.axes[0].set_ylabel("Class")
    sns.despine(figure)
    groups = measures.groupby(labels)
    means = groups.mean().round(1).add_prefix("mean ")
    means.insert(1, "SD of brightness", groups["brightness"].std().round(1))
    means.insert(0, "class", [names[label] for label in means.index])
    shares = ", ".join(
        f"{explained_variance(measures[measure].to_numpy(), labels):.0%} of {measure}" for measure in MEASURES
    )
    middle = groups["brightness"].median()
    return Chapter(
        "Brightness and color by class",
        [
            "Cleaned images. Boxes span the quartiles with a line at the median; dots lie beyond 1.5 times the "
            f"interquartile range. The brightest class is {names[middle.idxmax()]} (median {middle.max():.0f}), the "
            f"darkest {names[middle.idxmin()]} ({middle.min():.0f}). The class explains {shares} (η², share of the "
            "variance between images). Part of this comes from the cells themselves, such as a large dark nucleus. The "
            "rest comes from lighting or stain, which a model may learn although they differ between microscopes.",
            ("figures/brightness_by_class.png", figure),
            ("brightness_by_class.csv", means.reset_index(drop=True)),
        ],
    )


def explained_variance(values: np.ndarray, labels: np.ndarray) -> float:
    """η² in [0, 1]: the share of the variance of `values`, (n,), between the classes `labels`, (n,); 0 if constant."""
    total = ((values - values.mean()) ** 2).sum()
    means = np.bincount(labels, values) / np.maximum(np.bincount(labels), 1)
    return float(((means[labels] - values.mean()) ** 2).sum() / total) if total else 0.0
