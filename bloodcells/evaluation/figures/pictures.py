"""Images as the model saw them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from bloodcells.data.images import Images
from bloodcells.evaluation.shift.catalogue import DISTORTIONS
from bloodcells.evaluation.shift.distort import distort
from bloodcells.evaluation.shift.strengths import SEVERITIES


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


def distorted_images(images: Images, seed: int) -> Figure:
    """The first image as it is and distorted in every way, two distortions a row, their severities side by side."""
    first = images.take(np.arange(1))
    columns = 2 * (len(SEVERITIES) + 1)
    figure = Figure(figsize=(10, 0.86 * len(DISTORTIONS) / 2))
    figure.subplots_adjust(0.005, 0.005, 0.995, 0.975, wspace=0.05, hspace=0.24)
    panels = figure.subplots(-(-len(DISTORTIONS) // 2), columns, squeeze=False).reshape(-1, len(SEVERITIES) + 1)
    for row, name in zip(panels, DISTORTIONS, strict=False):
        row[0].text(0.95, 0.5, name.replace("_", "\n"), ha="right", va="center", fontsize=8)
        for axes, severity in zip(row[1:], SEVERITIES, strict=True):
            axes.imshow(distort(first.pixels, first.examples, name, severity, seed)[0])
            axes.set_title(f"{severity}", fontsize=6, pad=2)
    for axes in figure.axes:
        axes.set_axis_off()
    return figure


def grid(pixels: np.ndarray, titles: Sequence[str], heat: np.ndarray | None = None, columns: int = 4) -> Figure:
    """Images under their titles; beside each, where `heat` is given, the same with what the model saw laid over it.

    pixels: uint8 (n, h, w, 3); heat: float (n, h, w), 0..1.
    """
    wide = 1 if heat is None else 2
    columns = min(columns, len(pixels))
    rows = -(-len(pixels) // columns)
    figure = Figure(figsize=(max(1.3 * wide * columns, 2.0), 1.68 * rows))
    figure.subplots_adjust(0.01, 0.01, 0.99, 1 - 0.36 / (1.68 * rows), wspace=0.06, hspace=0.32)
    panels = figure.subplots(rows, columns * wide, squeeze=False).reshape(-1, wide)
    for axes in figure.axes:
        axes.set_axis_off()
    for k, (image, title) in enumerate(zip(pixels, titles, strict=True)):
        panels[k][0].imshow(image)
        panels[k][0].set_title(title, fontsize=7, loc="left")
        if heat is not None:
            panels[k][1].imshow(image)
            panels[k][1].imshow(heat[k], cmap="inferno", alpha=0.55, vmin=0, vmax=1)
    return figure
