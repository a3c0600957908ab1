"""Sheets of images: mistakes, augmented training images, distorted images."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from bloodcells.data.images import Images
from bloodcells.evaluation.predictions import Predictions
from bloodcells.evaluation.shift.by_image import FULL, GRADES
from bloodcells.evaluation.shift.catalogue import Catalogue
from bloodcells.evaluation.shift.chains import distort_by_chains
from bloodcells.evaluation.shift.composed import Composed
from bloodcells.evaluation.shift.distort import distort
from bloodcells.evaluation.shift.strengths import SEVERITIES
from bloodcells.reporting.sheet import Tile, sheet, short_name

COLUMNS = 8


def predicted_images(
    pixels: np.ndarray, predictions: Predictions, indices: np.ndarray, *, heat: np.ndarray | None = None
) -> Figure:
    """A sheet of the images of `predictions` at `indices`, captioned with name, label, predicted class and probability.

    pixels: uint8 (k, h, w, 3), the images at `indices`, int (k,)
    heat: float (k, h, w) in [0, 1], drawn over a second copy of each image; brighter areas support the prediction more
    """
    names, predicted = predictions.class_names, predictions.predicted[indices]
    shares = predictions.probabilities[indices, predicted]
    tiles: list[Tile | None] = []
    for number, (index, predicted_class, share) in enumerate(zip(indices, predicted, shares, strict=True)):
        label = names[predictions.labels[index]]
        caption = f"{short_name(predictions.examples[index])}: {label}\npredicted {names[predicted_class]}, {share:.0%}"
        tiles.append(Tile(pixels[number], caption))
        if heat is not None:
            glow = colormaps["inferno"](heat[number])[..., :3] * 255
            tiles.append(Tile(np.rint(0.45 * pixels[number] + 0.55 * glow).astype(np.uint8)))
    return sheet(tiles, COLUMNS)


def training_images(images: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> Figure:
    """A sheet of up to 32 images as the model sees them in training, captioned with their class, or both if mixed.

    images: float (n, h, w, 3), 0..255; labels: float (n, classes)
    """
    pixels = np.clip(np.rint(images[:32]), 0, 255).astype(np.uint8)
    tiles = [Tile(image, label_text(label, class_names)) for image, label in zip(pixels, labels, strict=False)]
    return sheet(tiles, COLUMNS)


def label_text(label: np.ndarray, class_names: Sequence[str]) -> str:
    """The class of a label, float (classes,); for a mix of two, both classes with their shares, one per line."""
    shares = [(share, class_names[k]) for k, share in enumerate(label) if share >= 0.005]
    shares = sorted(shares, reverse=True)[:2]
    mixed = len(shares) > 1 and shares[0][0] < 0.995
    return "\n".join(f"{name} {share:.0%}" if mixed else name for share, name in shares)


def chained_images(images: Images, composed: Composed, seed: int) -> Figure:
    """Six images, one per row: undistorted, and distorted by their first chain at every grade, and by the others.

    images, seed: those that were passed to `composed`. Captions name the operations of a chain.
    """
    numbers = np.linspace(0, len(images) - 1, min(6, len(images))).astype(int)
    shown, settings = images.take(numbers), composed.settings
    columns = [(grade, 0) for grade in GRADES] + [(FULL, draw) for draw in range(1, len(composed.chains))]
    sets = [[Tile(image) for image in shown.pixels]]
    for grade, draw in columns:
        strength = grade * settings.strength
        distorted = distort_by_chains(
            shown.pixels, shown.examples, strength=strength, length=settings.length, draw=draw, seed=seed
        )
        chains = [", ".join(composed.chains[draw][number]).replace("_", " ") for number in numbers]
        captions = chains if grade == FULL else [""] * len(chains)
        sets.append([Tile(image, caption) for image, caption in zip(distorted, captions, strict=True)])
    tiles = [column[number] for number in range(len(shown)) for column in sets]
    return sheet(tiles, len(sets), heads=["undistorted", *(f"strength {grade:g}" for grade, _ in columns)])


def distorted_images(images: Images, catalogue: Catalogue, seed: int) -> Figure:
    """The first image under every distortion of `catalogue` at every severity, two distortions per row."""
    first = images.take(np.arange(1))
    tiles = [
        Tile(
            distort(first.pixels, first.examples, distortion, severity=severity, seed=seed)[0],
            name.replace("_", " ") if severity == SEVERITIES[0] else "",
        )
        for name, distortion in catalogue.items()
        for severity in SEVERITIES
    ]
    return sheet(tiles, 2 * len(SEVERITIES), heads=[f"severity {k}" for k in SEVERITIES] * 2)
