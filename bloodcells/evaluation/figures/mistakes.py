"""Images that a model answers wrongly or unsurely, with what it answered."""

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from bloodcells.evaluation.predictions import Predictions
from bloodcells.reporting.sheet import Tile, sheet, short

COLUMNS = 8


def mistaken_images(
    pixels: np.ndarray, predictions: Predictions, indices: np.ndarray, heat: np.ndarray | None = None
) -> Figure:
    """The images of `predictions` at `indices`, each over its name, its label, and the answer with its probability.

    pixels: uint8 (k, h, w, 3), those images; heat: float (k, h, w), 0..1, laid over a second picture of each: the
    brighter, the more it spoke for the answer.
    """
    names, answers = predictions.class_names, predictions.predicted[indices]
    shares = predictions.probabilities[indices, answers]
    tiles: list[Tile | None] = []
    for number, (index, answer, share) in enumerate(zip(indices, answers, shares, strict=True)):
        label = names[predictions.labels[index]]
        caption = f"{short(predictions.examples[index])}: {label}\nanswer {names[answer]}, {share:.0%}"
        tiles.append(Tile(pixels[number], caption))
        if heat is not None:
            glow = colormaps["inferno"](heat[number])[..., :3] * 255
            tiles.append(Tile(np.rint(0.45 * pixels[number] + 0.55 * glow).astype(np.uint8)))
    return sheet(tiles, COLUMNS)
