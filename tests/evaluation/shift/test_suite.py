"""What a model answers to distorted images, counted by hand."""

import numpy as np
import pytest

from bloodcells.evaluation.shift.catalogue import DISTORTIONS, overlapping
from bloodcells.evaluation.shift.distort import distort
from bloodcells.evaluation.shift.suite import Shifted, shifted
from tests.conftest import composed

COUNT = len(DISTORTIONS)


@pytest.fixture
def found() -> Shifted:
    """Two severities, four images of class 1, answered right but for image 0, and all wrong under jpeg at 5."""
    answers = np.ones((COUNT, 2, 4), int)
    answers[:, :, 0] = 0
    answers[list(DISTORTIONS).index("jpeg"), 1] = 0
    return Shifted((1, 5), np.array(["a", "b", "c", "d"]), np.ones(4, int), answers)


def test_means_and_the_worst_by_hand(found) -> None:
    augmentation = composed("augmentation=extended").augmentation
    numbers = found.metrics(augmentation)
    assert numbers["jpeg"] == pytest.approx((0.75 + 0) / 2)
    assert numbers["rotation"] == pytest.approx(0.75)
    assert numbers["mean_accuracy"] == pytest.approx(((COUNT - 1) * 0.75 + 0.375) / COUNT)
    assert numbers["worst_accuracy"] == pytest.approx(0.375)
    unseen = COUNT - len(overlapping(augmentation))
    assert 0 < unseen < COUNT
    assert numbers["unseen_accuracy"] == pytest.approx(((unseen - 1) * 0.75 + 0.375) / unseen)


def test_the_summary_names_the_training_steps_that_overlap(found) -> None:
    table = found.summary(composed("augmentation=[extended,cutmix]").augmentation).set_index("distortion")
    assert table.loc["brightness", "trained on by"] == "color"
    assert table.loc["occlusion", "trained on by"] == "cutmix"
    assert table.loc["gaussian_noise", "trained on by"] == ""
    assert table.loc["jpeg", ["1", "5", "mean"]].tolist() == pytest.approx([0.75, 0, 0.375])
    assert (found.summary(composed("augmentation=none").augmentation)["trained on by"] == "").all()


def test_the_table_has_a_row_an_image_and_a_column_a_variant(found) -> None:
    table = found.table()
    assert table["example"].tolist() == ["a", "b", "c", "d"]
    assert len(table.columns) == 2 + 2 * COUNT
    assert table["jpeg 1"].tolist() == [0, 1, 1, 1]
    assert table["jpeg 5"].tolist() == [0, 0, 0, 0]


def test_by_image_there_is_the_share_of_right_answers(found) -> None:
    table = found.by_image(np.array([1, 1, 0, 1]))
    assert table["predicted"].tolist() == [1, 1, 0, 1]
    share = (2 * COUNT - 1) / (2 * COUNT)  # all but that to jpeg at 5
    assert table["shifted_accuracy"].tolist() == pytest.approx([0, share, share, share])


def test_each_variant_is_shown_once_and_its_answers_stand_in_its_place(noise_images) -> None:
    images, shown = noise_images(3), []

    def infer(pixels: np.ndarray) -> np.ndarray:
        shown.append(pixels)
        return np.eye(3)[np.full(len(pixels), len(shown) % 3)]

    answers = shifted(infer, images, [4, 2, 4], seed=1)
    assert answers.severities == (2, 4)
    assert len(shown) == 2 * COUNT
    assert answers.answers.reshape(-1, 3)[:, 0].tolist() == [(k + 1) % 3 for k in range(2 * COUNT)]
    assert np.array_equal(shown[3], distort(images.pixels, images.examples, list(DISTORTIONS)[1], 4, 1))
