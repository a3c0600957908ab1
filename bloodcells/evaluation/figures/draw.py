"""Draws the figures of a scored model."""

from typing import cast

import numpy as np
from matplotlib.figure import Figure
from pandas import DataFrame

from bloodcells.config.names import Artifact, Metric
from bloodcells.data.images import Images
from bloodcells.evaluation.figures.images import predicted_images
from bloodcells.evaluation.figures.plots import composed_plot, confusion_plot, reliability_plot, shift_plot
from bloodcells.evaluation.mistakes import SHOWN
from bloodcells.evaluation.score import Scored


def draw(scored: Scored, parts: dict[str, Images]) -> dict[str, Figure]:
    """Figures by file name; `parts` are those passed to `score`."""
    predictions, test, mistakes = scored.predictions, scored.predictions.of("test"), scored.mistakes
    pixels = parts["test"].pixels
    figures = {
        "figures/confusion_matrix.png": confusion_plot(test),
        "figures/reliability.png": reliability_plot(scored.calibration),
        "figures/least_certain.png": predicted_images(pixels[mistakes.least_certain], test, mistakes.least_certain),
    }
    if len(shown := mistakes.worst[:SHOWN]):
        figures["figures/worst.png"] = predicted_images(pixels[shown], test, shown, heat=scored.heat)
    if len(shown := mistakes.doubted_labels[:SHOWN]):
        all_pixels = np.concatenate([part.pixels for part in parts.values()])
        figures["figures/doubted_labels.png"] = predicted_images(all_pixels[shown], predictions, shown)
    if scored.composed:
        curve = scored.tables[Artifact.COMPOSED_CURVE]
        figures["figures/composed.png"] = composed_plot(scored.metrics[Metric.TEST_ACCURACY], cast(DataFrame, curve))
    if scored.shifted:
        clean = scored.metrics[Metric.TEST_ACCURACY]
        figures["figures/shift.png"] = shift_plot(clean, scored.shifted, scored.trained_on)
    return figures
