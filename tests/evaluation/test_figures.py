"""Figures show the numbers they are made from."""

import numpy as np

from bloodcells.evaluation.figures import confusion, learning_curves, training_images
from bloodcells.training.best import Best
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
    assert [axes.get_title() for axes in figure.axes][:3] == ["a", "a 70%\nc 30%", "b"]
    assert figure.axes[0].images[0].get_array().max() == 255
