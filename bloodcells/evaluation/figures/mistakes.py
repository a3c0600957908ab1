"""Images that a model answers wrongly or unsurely, with what it answered."""

import numpy as np
from matplotlib.figure import Figure

from bloodcells.evaluation.figures.pictures import grid
from bloodcells.evaluation.predictions import Predictions


def mistaken_images(
    pixels: np.ndarray, predictions: Predictions, indices: np.ndarray, heat: np.ndarray | None = None
) -> Figure:
    """The images of `predictions` at `indices`, each with its name, its label, and the answer's probability.

    pixels: uint8 (k, h, w, 3), those images; heat: float (k, h, w), 0..1, laid over a second picture of each where the
    model saw what it answered.
    """
    names, answers = predictions.class_names, predictions.predicted[indices]
    shares = predictions.probabilities[indices, answers]
    titles = [
        f"{predictions.examples[i]}: {names[predictions.labels[i]]}\nanswer {names[answer]}, {share:.0%}"
        for i, answer, share in zip(indices, answers, shares, strict=True)
    ]
    return grid(pixels, titles, heat)
