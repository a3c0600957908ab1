"""Figures show the numbers they are made from."""

import numpy as np
import seaborn as sns

from bloodcells.evaluation.calibration import reliability
from bloodcells.evaluation.figures.calibration import reliability_diagram
from bloodcells.evaluation.figures.confusion import confusion
from bloodcells.evaluation.figures.mistakes import mistaken_images
from bloodcells.evaluation.figures.pictures import distorted_images, training_images
from bloodcells.evaluation.figures.shift import shift_curves
from bloodcells.reporting.style import PALETTE
from bloodcells.training.curves import learning_curves
from bloodcells.training.early_stopping import Best
from bloodcells.training.epochs import Epoch
from tests.evaluation.test_predictions import predictions


def rows() -> list[Epoch]:
    stages = ["feature extraction"] * 2 + ["fine tuning"] * 3
    return [
        Epoch(k + 1, "phase", stage, 1.0 - k / 10, k / 10, 1.1 - k / 10, k / 11, 1e-4, 1.0, 10)
        for k, stage in enumerate(stages)
    ]


def test_learning_curves_show_both_splits_the_stages_and_the_best_epoch() -> None:
    figure = learning_curves(rows(), Best(4, "fine tuning", 0.27, 0.8))
    for axes, keys in zip(figure.axes, (("train_loss", "val_loss"), ("train_accuracy", "val_accuracy")), strict=True):
        lines = {line.get_label(): line for line in axes.lines}
        for label, key in zip(("training", "validation"), keys, strict=True):
            assert lines[label].get_xdata().tolist() == [1, 2, 3, 4, 5]
            assert list(lines[label].get_ydata()) == [getattr(row, key) for row in rows()]
        assert list(lines["best epoch, 4"].get_xdata()) == [4, 4]
        assert axes.get_xlabel() == "Epoch"
        assert axes.get_ylabel()
        assert [text.get_text().strip() for text in axes.texts] == ["fine tuning"]


def test_the_confusion_matrix_has_counts_and_shares_of_the_true_class() -> None:
    figure = confusion(predictions(np.eye(2)[[0, 0, 0, 1, 1]], [0, 0, 0, 0, 1]))
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["3\n75%", "1\n25%", "", "1\n100%"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Predicted class", "True class")


def test_training_images_are_titled_with_their_class_and_mixed_ones_with_both_shares() -> None:
    labels = np.array([[1, 0, 0], [0.7, 0, 0.3], [0, 1, 0]])
    figure = training_images(np.full((3, 4, 4, 3), 300.0), labels, ["a", "b", "c"])
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["a", "a 70%\nc 30%", "b"]
    assert axes.images[0].get_array().max() == 255


def test_the_reliability_diagram_has_a_bar_and_a_point_a_bin() -> None:
    found = reliability(predictions(np.array([[0.55, 0.45], [0.95, 0.05], [0.95, 0.05]]), [0, 0, 1]), 10)
    figure = reliability_diagram(found, found, 1.0)
    accuracy = figure.axes[0]
    assert [(bar.get_x(), bar.get_height()) for bar in accuracy.patches] == [(0.5, 1.0), (0.9, 0.5)]
    assert np.allclose(accuracy.lines[0].get_xydata(), [[0.55, 1], [0.95, 0.5]])
    assert "ECE 0.450" in accuracy.get_title()  # 1/3 of 0.45 and 2/3 of 0.45
    assert sum(bar.get_height() for bar in figure.axes[2].patches) == 3


def test_shift_curves_begin_at_the_clean_accuracy_and_mark_what_was_trained_on() -> None:
    figure = shift_curves(0.9, {"rotation": [0.8, 0.7], "zoom": [0.6, 0.5], "jpeg": [0.4, 0.3]}, [2, 4], ["zoom"])
    geometry, compression = (axes for axes in figure.axes if axes.get_visible())
    lines = {line.get_label(): line for line in geometry.lines}
    assert lines["rotation"].get_xydata().tolist() == [[0, 0.9], [2, 0.8], [4, 0.7]]
    assert lines["zoom (trained on)"].get_linestyle() == "--"
    assert lines["rotation"].get_linestyle() == "-"
    assert (geometry.get_title(), compression.get_title()) == ("geometry", "compression")


def test_mistaken_images_are_told_with_name_label_and_answer_and_what_was_seen() -> None:
    found = predictions(np.array([[0.7, 0.3], [0.2, 0.8], [0.6, 0.4]]), [0, 0, 0])
    pixels = np.full((1, 4, 4, 3), 100, np.uint8)
    (axes,) = mistaken_images(pixels, found, np.array([1]), heat=np.zeros((1, 4, 4))).axes
    assert [text.get_text() for text in axes.texts] == ["1: class 0\nanswer class 1, 80%", ""]
    plain, seen = (image.get_array() for image in axes.images)
    assert (plain == 100).all()
    assert (seen[..., :2] == 45).all()  # inferno begins black, but for a trace of blue


def test_every_distortion_is_shown_at_every_severity(noise_images) -> None:
    (axes,) = distorted_images(noise_images(2), seed=0).axes
    assert len(axes.images) == 16 * 5
    assert "white balance" in [text.get_text().replace("\n", " ") for text in axes.texts]


def test_the_palette_is_seaborns_for_the_colour_blind() -> None:
    assert list(PALETTE) == sns.color_palette("colorblind").as_hex()
