"""Sheets show the right images with the right captions."""

import numpy as np

from bloodcells.evaluation.figures.images import distorted_images, predicted_images, training_images
from bloodcells.evaluation.shift.catalogue import DISTORTIONS
from tests.evaluation.test_predictions import predictions


def test_predicted_images_have_name_label_prediction_and_heat() -> None:
    shown = predictions(np.array([[0.7, 0.3], [0.2, 0.8], [0.6, 0.4]]), [0, 0, 0])
    pixels = np.full((1, 4, 4, 3), 100, np.uint8)
    (axes,) = predicted_images(pixels, shown, np.array([1]), heat=np.zeros((1, 4, 4))).axes
    assert [text.get_text() for text in axes.texts] == ["1: class 0\npredicted class 1,\n80%", ""]
    plain, heated = (image.get_array() for image in axes.images)
    assert (plain == 100).all()
    assert (heated[..., :2] == 45).all()  # inferno starts at black, except for a trace of blue


def test_training_images_are_captioned_with_their_class_or_the_shares_of_a_mix() -> None:
    labels = np.array([[1, 0, 0], [0.7, 0, 0.3], [0, 1, 0]])
    (axes,) = training_images(np.full((3, 4, 4, 3), 300.0), labels, ["a", "b", "c"]).axes
    assert [text.get_text() for text in axes.texts] == ["a", "a 70%\nc 30%", "b"]
    assert axes.images[0].get_array().max() == 255


def test_every_distortion_is_shown_at_every_severity(noise_images) -> None:
    (axes,) = distorted_images(noise_images(2), DISTORTIONS, seed=0).axes
    assert len(axes.images) == 16 * 5
    assert "white balance" in [text.get_text().replace("\n", " ") for text in axes.texts]
