"""Images as a model is shown them: in training, and distorted."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from bloodcells.data.images import Images
from bloodcells.evaluation.shift.catalogue import DISTORTIONS
from bloodcells.evaluation.shift.distort import distort
from bloodcells.evaluation.shift.strengths import SEVERITIES
from bloodcells.reporting.sheet import Tile, sheet


def training_images(images: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Up to 32 images as the model saw them, each over its class, or over both where two are mixed.

    images: float (n, h, w, 3), 0..255; labels: float (n, classes).
    """
    pixels = np.clip(np.rint(images[:32]), 0, 255).astype(np.uint8)
    return sheet([Tile(image, named(label, class_names)) for image, label in zip(pixels, labels, strict=False)], 8)


def named(label: np.ndarray, class_names: Sequence[str]) -> str:
    """The class of a label, float (classes,), or where two are mixed both with their shares, a line each."""
    shares = [(share, class_names[k]) for k, share in enumerate(label) if share >= 0.005]
    shares = sorted(shares, reverse=True)[:2]
    mixed = len(shares) > 1 and shares[0][0] < 0.995
    return "\n".join(f"{name} {share:.0%}" if mixed else name for share, name in shares)


def distorted_images(images: Images, seed: int) -> Figure:
    """The first image distorted in every way, two ways a row, at each severity."""
    first = images.take(np.arange(1))
    tiles = [
        Tile(
            distort(first.pixels, first.examples, name, severity, seed)[0],
            name.replace("_", " ") if severity == SEVERITIES[0] else "",
        )
        for name in DISTORTIONS
        for severity in SEVERITIES
    ]
    return sheet(tiles, 2 * len(SEVERITIES), heads=[f"severity {k}" for k in SEVERITIES] * 2)
