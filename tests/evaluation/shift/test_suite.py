"""Predictions for distorted images, counted by hand."""

import numpy as np
import pytest

from bloodcells.evaluation.shift.catalogue import DISTORTIONS, overlapping
from bloodcells.evaluation.shift.distort import distort
from bloodcells.evaluation.shift.suite import Shifted, shifted
from tests.conftest import composed

COUNT = len(DISTORTIONS)


@pytest.fixture
def shifted_result() -> Shifted:
    """Two severities, four images of class 1. Image 0 is always wrong, and all are under jpeg at severity 5."""
    predicted = np.ones((COUNT, 2, 4), int)
    predicted[:, :, 0] = 0
    predicted[list(DISTORTIONS).index("jpeg"), 1] = 0
    return Shifted(DISTORTIONS, (1, 5), np.array(["a", "b", "c", "d"]), np.ones(4, int), predicted)


def test_summary_metrics(shifted_result) -> None:
    augmentation = composed("augmentation=extended").augmentation
    numbers = shifted_result.metrics(augmentation)
    assert numbers["jpeg"] == pytest.approx((0.75 + 0) / 2)
    assert numbers["rotation"] == pytest.approx(0.75)
    assert numbers["mean_accuracy"] == pytest.approx(((COUNT - 1) * 0.75 + 0.375) / COUNT)
    assert numbers["worst_accuracy"] == pytest.approx(0.375)
    unseen = COUNT - len(overlapping(augmentation))
    assert 0 < unseen < COUNT
    assert numbers["unseen_accuracy"] == pytest.approx(((unseen - 1) * 0.75 + 0.375) / unseen)


def test_summary_names_the_training_steps_that_overlap(shifted_result) -> None:
    table = shifted_result.summary(composed("augmentation=[extended,cutmix]").augmentation).set_index("distortion")
    assert table.loc["brightness", "trained on by"] == "color"
    assert table.loc["occlusion", "trained on by"] == "cutmix"
    assert table.loc["gaussian_noise", "trained on by"] == ""
    assert table.loc["jpeg", ["1", "5", "mean"]].tolist() == pytest.approx([0.75, 0, 0.375])
    assert (shifted_result.summary(composed("augmentation=none").augmentation)["trained on by"] == "").all()


def test_table_has_one_row_per_image_and_one_column_per_variant(shifted_result) -> None:
    table = shifted_result.table()
    assert table["example"].tolist() == ["a", "b", "c", "d"]
    assert len(table.columns) == 2 + 2 * COUNT
    assert table["jpeg 1"].tolist() == [0, 1, 1, 1]
    assert table["jpeg 5"].tolist() == [0, 0, 0, 0]


def test_by_image_has_the_share_of_correct_predictions(shifted_result) -> None:
    share = (2 * COUNT - 1) / (2 * COUNT)  # all except jpeg at severity 5
    assert shifted_result.by_image()["grid"].tolist() == pytest.approx([0, share, share, share])


def test_each_variant_is_predicted_once_and_its_predictions_are_in_its_place(noise_images) -> None:
    images, shown = noise_images(3), []

    def infer(pixels: np.ndarray) -> np.ndarray:
        shown.append(pixels)
        return np.eye(3)[np.full(len(pixels), len(shown) % 3)]

    result = shifted(infer, images, DISTORTIONS, severities=[4, 2, 4], seed=1)
    assert result.severities == (2, 4)
    assert len(shown) == 2 * COUNT
    assert result.predicted.reshape(-1, 3)[:, 0].tolist() == [(k + 1) % 3 for k in range(2 * COUNT)]
    second = list(DISTORTIONS.values())[1]
    assert np.array_equal(shown[3], distort(images.pixels, images.examples, second, severity=4, seed=1))
