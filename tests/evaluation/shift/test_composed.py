"""Predictions under chains of distortions, counted by hand."""

import numpy as np
import pytest

from bloodcells.augmentation.batch_steps import CutMix
from bloodcells.config.schema import Chains
from bloodcells.evaluation.shift.by_image import GRADES
from bloodcells.evaluation.shift.chains import chain, distort_by_chains
from bloodcells.evaluation.shift.composed import Composed, composed

CUTMIX = {"cutmix": CutMix(1.0)}  # resembles occlusion


@pytest.fixture
def by_hand() -> Composed:
    """Three images of class 1 with two chains each; image 0 is always wrong, image 1 in draw 1 at full strength."""
    predicted = {
        (grade, draw): np.array([0, 1, 1]) for grade in GRADES for draw in ((0, 1) if grade in (0.25, 1) else (0,))
    }
    predicted[1.0, 1] = np.array([0, 0, 1])
    chains = {
        0: [("jpeg_compression",), ("hue", "jpeg_compression"), ("hue",)],
        1: [("jpeg_compression",), ("occlusion",), ("hue", "occlusion")],
    }
    return Composed(np.array(["a", "b", "c"]), np.ones(3, int), Chains(2, 0.5), chains, predicted)


def test_metrics_are_the_shares_of_correct_predictions(by_hand) -> None:
    metrics = by_hand.metrics({}, 100, seed=0)
    assert metrics["composed/mild_accuracy"] == pytest.approx(4 / 6)
    assert metrics["composed/accuracy"] == pytest.approx(3 / 6)
    assert metrics["composed/unseen_accuracy"] == pytest.approx(3 / 6)  # nothing is seen in training
    assert metrics["composed/accuracy_low"] < 3 / 6 < metrics["composed/accuracy_high"]


def test_unseen_chains_contain_nothing_that_training_resembles(by_hand) -> None:
    # Without occlusion: all three of draw 0 (0, 1, 1) and the first of draw 1 (0).
    assert by_hand.metrics(CUTMIX, 100, seed=0)["composed/unseen_accuracy"] == pytest.approx(2 / 4)


def test_by_image_has_the_share_of_correct_draws_at_each_grade(by_hand) -> None:
    table = by_hand.by_image()
    assert table.columns.tolist() == [f"strength {grade:g}" for grade in GRADES]
    assert table["strength 0.25"].tolist() == [0, 1, 1]
    assert table["strength 0.5"].tolist() == [0, 1, 1]
    assert table["strength 1"].tolist() == [0, 0.5, 1]


def test_operations_are_scored_on_the_chains_that_contain_them(by_hand) -> None:
    table = by_hand.by_operation(CUTMIX).set_index("operation")
    assert table.loc[["jpeg_compression", "hue", "occlusion"], "chains"].tolist() == [3, 3, 2]
    # jpeg_compression: a twice wrong, b right; hue: all right; occlusion: b wrong, c right
    assert table.loc[["jpeg_compression", "hue", "occlusion"], "accuracy"].tolist() == pytest.approx([1 / 3, 1, 1 / 2])
    assert table.loc["rotation", "chains"] == 0
    assert np.isnan(table.loc["rotation", "accuracy"])
    assert table.loc["occlusion", "trained on by"] == "cutmix"


def test_tables_have_every_prediction_with_its_chain_and_the_settings(by_hand) -> None:
    tables = by_hand.tables({}, 100, seed=0)
    assert tables["composed/predictions.csv"]["strength 1, draw 1"].tolist() == [0, 0, 1]
    assert tables["composed/predictions.csv"].shape == (3, 2 + 2 + 1 + 1 + 2)
    assert tables["composed/chains.csv"]["draw 0"].tolist() == ["jpeg_compression", "hue jpeg_compression", "hue"]
    curve = tables["composed/curve.csv"]
    assert curve["accuracy"].tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 1 / 2])
    assert curve["chains"].tolist()[0] == "2 of up to 2 operations, strength 0.5"


def test_each_variant_is_predicted_once_with_the_chain_of_its_draw(noise_images) -> None:
    images, shown = noise_images(3), []

    def infer(pixels: np.ndarray) -> np.ndarray:
        shown.append(pixels)
        return np.eye(3)[np.full(len(pixels), len(shown) % 3)]

    result = composed(infer, images, Chains(3, 0.5), draws=2, seed=7)
    assert list(result.predicted) == [(0.25, 0), (0.25, 1), (0.5, 0), (0.75, 0), (1.0, 0), (1.0, 1)]
    assert [classes[0] for classes in result.predicted.values()] == [1, 2, 0, 1, 2, 0]
    settings = {"length": 3, "draw": 1, "seed": 7}
    assert np.array_equal(shown[1], distort_by_chains(images.pixels, images.examples, strength=0.125, **settings))
    assert result.chains[1][2] == tuple(link.operation for link in chain(images.examples[2], **settings))
