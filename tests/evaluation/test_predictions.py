"""Predictions: exactly one per image, and unchanged by a round trip through their file."""

from dataclasses import replace

import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.evaluation.predictions import Predictions, predict
from bloodcells.reporting.spreadsheet import to_csv


def predictions(probabilities: np.ndarray, labels: list[int], splits: list[str] | None = None) -> Predictions:
    """Predictions for images "0.png", "1.png", ... of classes "class 0", "class 1", ..."""
    count, classes = probabilities.shape
    return Predictions(
        tuple(f"class {k}" for k in range(classes)),
        np.array(splits or ["test"] * count),
        np.array([f"{i}.png" for i in range(count)]),
        np.array(labels),
        probabilities.astype(np.float32),
    )


def test_round_trip_through_the_file_keeps_every_bit(tmp_path) -> None:
    probabilities = np.random.default_rng(0).dirichlet([0.05] * 5, 200)
    saved = predictions(probabilities, [0, 1, 2, 3, 4] * 40, ["validation", "test"] * 100)
    (tmp_path / "p.csv").write_text(to_csv(saved.table()))
    loaded = Predictions.load(tmp_path / "p.csv")
    assert loaded.class_names == saved.class_names
    assert loaded.probabilities.dtype == np.float32
    for field in ("splits", "examples", "labels", "probabilities", "predicted"):
        assert np.array_equal(getattr(loaded, field), getattr(saved, field)), field


def test_numbers_and_formulas_stay_strings(tmp_path) -> None:
    numbered = replace(predictions(np.eye(2), [0, 1]), examples=np.array(["007", "=1+1.png"]))
    (tmp_path / "p.csv").write_text(to_csv(numbered.table()))
    assert Predictions.load(tmp_path / "p.csv").examples.tolist() == ["007", "=1+1.png"]


def test_duplicate_images_and_missing_predictions_are_errors() -> None:
    complete = predictions(np.eye(3), [0, 1, 2])
    with pytest.raises(InputError, match="one image twice"):
        replace(complete, examples=np.array(["a", "b", "a"]))
    with pytest.raises(InputError, match="expected exactly one prediction per image"):
        replace(complete, probabilities=complete.probabilities[:2])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_probability_that_is_not_finite_is_an_error(value) -> None:
    with pytest.raises(InputError, match="not finite"):
        predictions(np.array([[value, 1.0]]), [0])


def test_comparison_with_stored_predictions() -> None:
    stored = predictions(np.array([[0.6, 0.4], [0.3, 0.7]]), [0, 1])
    assert stored.compare(stored) == "are bit-identical to the run's"
    changed = predictions(np.array([[0.4, 0.6], [0.3, 0.7]]), [0, 1])
    text = "differ from the run's by up to 0.2 in probability; 1 predicted classes changed"
    assert changed.compare(stored) == text
    relabelled = replace(stored, labels=np.array([1, 1]))
    assert relabelled.compare(stored) == "are for other images or labels than the run's"


def test_predict_takes_every_image_of_each_split_in_order(noise_images) -> None:
    def infer(pixels: np.ndarray) -> np.ndarray:
        shade = pixels.mean(axis=(1, 2, 3)).astype(np.float32) / 255
        return np.stack([shade, 1 - shade], axis=1)

    images = noise_images(9, classes=2)
    parts = {"validation": images.take(np.arange(4)), "test": images.take(np.arange(4, 9))}
    predicted = predict(infer, parts)
    assert predicted.examples.tolist() == [str(i) for i in range(9)]
    assert predicted.splits.tolist() == ["validation"] * 4 + ["test"] * 5
    shades = images.pixels.mean(axis=(1, 2, 3)) / 255
    assert np.allclose(predicted.probabilities[:, 0], shades, atol=1e-5)
    assert predicted.of("test").labels.tolist() == images.labels[4:].tolist()
