"""Samples and sizes of the classes."""

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from pandas import DataFrame

from bloodcells.data.images import Images
from bloodcells.data.split import PARTS, Split
from bloodcells.inspection.chapter import Chapter
from bloodcells.reporting.sheet import Tile, sheet, short_name, wrapped
from bloodcells.reporting.style import BLUE, literal

SAMPLES = 8  # images per class


def samples(images: Images, seed: int) -> Chapter:
    """Random images of each class, and the mean image of the class."""
    rng = np.random.default_rng([seed, 2])
    tiles: list[Tile | None] = []
    for label in range(len(images.class_names)):
        members = np.flatnonzero(images.labels == label)
        drawn = np.sort(rng.choice(members, min(SAMPLES, len(members)), replace=False))
        tiles += [Tile(images.pixels[k], short_name(images.examples[k])) for k in drawn]
        tiles += [None] * (SAMPLES - len(drawn))
        tiles.append(Tile(np.rint(images.pixels[members].mean(axis=0)).astype(np.uint8)))
    heads = [""] * SAMPLES + ["mean image"]
    return Chapter(
        "Classes",
        [
            f"Each row shows {SAMPLES} random images of one class after cleaning, captioned with their number or "
            "name. The last column is the mean of all images of the class: it is sharp where they agree.",
            ("figures/samples.png", sheet(tiles, SAMPLES + 1, rows=images.class_names, heads=heads)),
        ],
    )


def class_sizes(images: Images, cleaned: Images, parts: Split) -> Chapter:
    """Number of images per class before and after cleaning, and in each part of the split; images: as loaded."""
    table = DataFrame(
        {
            "class": images.class_names,
            "before cleaning": images.class_counts,
            "removed": images.class_counts - cleaned.class_counts,
            "after cleaning": cleaned.class_counts,
            "share after cleaning, %": (100 * cleaned.class_counts / len(cleaned)).round(1),
            **{part: getattr(parts, part).class_counts for part in PARTS},
        }
    )
    return Chapter(
        "Class sizes",
        [
            f"{imbalance(cleaned)} Always predicting the largest class would reach an accuracy of "
            f"{cleaned.class_counts.max() / len(cleaned):.0%}.",
            ("figures/classes.png", _bars(images, cleaned)),
            ("classes.csv", table),
        ],
    )


def imbalance(cleaned: Images) -> str:
    """A sentence that compares the largest and the smallest class; no class may be empty."""
    counts, names = cleaned.class_counts, cleaned.class_names
    large, small = int(counts.argmax()), int(counts.argmin())
    if counts[large] == counts[small]:
        return f"After cleaning, each class has {counts[large]:,} images."
    return (
        f"After cleaning, the largest class, {names[large]}, has {counts[large]:,} images and the smallest, "
        f"{names[small]}, {counts[small]:,}: a ratio of {counts[large] / counts[small]:.1f} to 1."
    )


def _bars(images: Images, cleaned: Images) -> Figure:
    count = len(images.class_names)
    figure = Figure(figsize=(7.5, 0.42 * count + 1.1), layout="constrained")
    axes = figure.subplots()
    gray, blue = "0.75", BLUE
    for counts, color, shift, label in (
        (images.class_counts, gray, -0.2, "before cleaning"),
        (cleaned.class_counts, blue, 0.2, "after cleaning"),
    ):
        bars = axes.barh(np.arange(count) + shift, counts, 0.38, color=color, label=label)
        axes.bar_label(bars, [f"{value:,}" for value in counts], padding=2, fontsize=7)
    axes.set_yticks(range(count), [literal(wrapped(name, 24)) for name in images.class_names], fontsize="small")
    axes.set_ylim(count - 0.5, -0.5)
    axes.set(xlabel="Images", ylabel="Class")
    axes.margins(x=0.08)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False, fontsize="small"
    )
    sns.despine(figure)
    return figure
