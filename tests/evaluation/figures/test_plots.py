"""Plots show the numbers they are drawn from."""

import numpy as np

from bloodcells.evaluation.calibration import Calibration, reliability
from bloodcells.evaluation.figures.plots import confusion_plot, reliability_plot, shift_plot
from bloodcells.evaluation.shift.catalogue import DISTORTIONS
from bloodcells.evaluation.shift.suite import Shifted
from tests.evaluation.test_predictions import predictions


def test_confusion_plot_shows_counts_and_shares_of_the_true_class() -> None:
    axes = confusion_plot(predictions(np.eye(2)[[0, 0, 0, 1, 1]], [0, 0, 0, 0, 1])).axes[0]
    assert [text.get_text() for text in axes.texts] == ["3\n75%", "1\n25%", "", "1\n100%"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Predicted class", "True class")


def test_reliability_plot_has_one_bar_and_one_point_per_bin() -> None:
    bins = reliability(predictions(np.array([[0.55, 0.45], [0.95, 0.05], [0.95, 0.05]]), [0, 0, 1]), 10)
    after = reliability(predictions(np.array([[0.65, 0.35]]), [0]), 10)
    figure = reliability_plot(Calibration(1.5, bins, after))
    accuracy, tempered, counts, _ = figure.axes
    assert [(bar.get_x(), bar.get_height()) for bar in accuracy.patches] == [(0.5, 1.0), (0.9, 0.5)]
    assert np.allclose(accuracy.lines[0].get_xydata(), [[0.55, 1], [0.95, 0.5]])
    assert accuracy.get_title() == "as trained: ECE 0.450"  # 1/3 of 0.45 and 2/3 of 0.45
    assert tempered.get_title() == "temperature 1.50: ECE 0.350"
    assert sum(bar.get_height() for bar in counts.patches) == 3


def test_shift_plot_starts_at_the_clean_accuracy_and_marks_distortions_seen_in_training() -> None:
    predicted = np.zeros((len(DISTORTIONS), 2, 10), int)
    for name, wrong in (("rotation", (2, 3)), ("zoom", (4, 5)), ("jpeg", (6, 7))):
        for column, count in enumerate(wrong):
            predicted[list(DISTORTIONS).index(name), column, :count] = 1
    shifted = Shifted(DISTORTIONS, (2, 4), np.arange(10).astype(str), np.zeros(10, int), predicted)
    figure = shift_plot(0.9, shifted, ["zoom"])
    panels = {axes.get_title(): axes for axes in figure.axes if axes.get_visible()}
    assert list(panels) == list(dict.fromkeys(distortion.group for distortion in DISTORTIONS.values()))
    lines = {line.get_label(): line for axes in panels.values() for line in axes.lines}
    assert lines["rotation"].get_xydata().tolist() == [[0, 0.9], [2, 0.8], [4, 0.7]]
    assert lines["jpeg"].get_xydata().tolist() == [[0, 0.9], [2, 0.4], [4, 0.3]]
    assert lines["zoom (trained on)"].get_linestyle() == "--"
    assert lines["rotation"].get_linestyle() == "-"
