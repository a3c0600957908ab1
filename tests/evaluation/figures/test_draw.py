"""The figures of a scored model. The images are in tests/evaluation/conftest.py."""

from dataclasses import replace

import numpy as np

from bloodcells.evaluation.figures.draw import draw
from tests.evaluation.conftest import BLUE, BRIGHT_GREEN, DIM_GREEN


def colors(figure) -> list[tuple[int, ...]]:
    """The top left pixel of each image, from the first on."""
    return [tuple(image.get_array()[0, 0].tolist()) for image in figure.axes[0].images]


def test_figures_show_the_images_they_name(scored, parts) -> None:
    figures = draw(scored, parts)
    names = ("confusion_matrix", "reliability", "least_certain", "worst", "doubted_labels", "composed", "shift")
    assert list(figures) == [f"figures/{name}.png" for name in names]
    assert colors(figures["figures/least_certain.png"])[0] == DIM_GREEN
    worst = colors(figures["figures/worst.png"])
    assert worst[0] == BRIGHT_GREEN
    assert len(worst) == 2 * 3  # each image with its heat map
    doubted = colors(figures["figures/doubted_labels.png"])
    assert doubted[0] == BRIGHT_GREEN
    assert BLUE in doubted  # the validation image


def test_without_mistakes_and_distortions_their_figures_are_left_out(scored, parts) -> None:
    none = np.array([], int)
    mistakes = replace(scored.mistakes, worst=none, doubted_labels=none)
    alone = replace(scored, mistakes=mistakes, composed=None, shifted=None)
    names = ("confusion_matrix", "reliability", "least_certain")
    assert list(draw(alone, parts)) == [f"figures/{name}.png" for name in names]
