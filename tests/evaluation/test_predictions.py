"""Predictions: one for each image, the same after a round trip through their file."""

import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.evaluation.predictions import Predictions, predict


def predictions(probabilities: np.ndarray, labels: list[int], splits: list[str] | None = None) -> Predictions:
    count, classes = probabilities.shape
    return Predictions(
        tuple(f"class {k}" for k in range(classes)),
        np.array(splits or ["test"] * count),
        np.array([f"{i}.png" for i in range(count)]),
        np.array(labels),
        probabilities.astype(np.float32),
    )


def test_a_round_trip_through_the_file_keeps_every_bit(tmp_path) -> None:
    probabilities = np.random.default_rng(0).dirichlet([0.05] * 5, 200)
    saved = predictions(probabilities, [0, 1, 2, 3, 4] * 40, ["validation", "test"] * 100)
    saved.table().to_csv(tmp_path / "p.csv", index=False)
    loaded = Predictions.load(tmp_path / "p.csv")
    assert loaded.class_names == saved.class_names
    assert loaded.probabilities.dtype == np.float32
    for field in ("splits", "examples", "labels", "probabilities", "predicted"):
        assert np.array_equal(getattr(loaded, field), getattr(saved, field)), field


def test_numbered_examples_stay_texts(tmp_path) -> None:
    found = predictions(np.eye(2), [0, 1])
    numbered = Predictions(found.class_names, found.splits, np.array(["007", "10"]), found.labels, found.probabilities)
    numbered.table().to_csv(tmp_path / "p.csv", index=False)
    assert Predictions.load(tmp_path / "p.csv").examples.tolist() == ["007", "10"]


def test_an_image_twice_or_a_missing_answer_is_an_error() -> None:
    found = predictions(np.eye(3), [0, 1, 2])
    with pytest.raises(InputError, match="one image twice"):
        Predictions(found.class_names, found.splits, np.array(["a", "b", "a"]), found.labels, found.probabilities)
    with pytest.raises(InputError, match="expected one for each"):
        Predictions(found.class_names, found.splits, found.examples, found.labels, found.probabilities[:2])


def test_a_probability_that_is_no_number_is_an_error() -> None:
    with pytest.raises(InputError, match="that is no number"):
        predictions(np.array([[np.nan, 1.0]]), [0])


def test_predicting_takes_every_image_of_each_split_in_order(noise_images) -> None:
    def infer(pixels: np.ndarray) -> np.ndarray:
        shade = pixels.mean(axis=(1, 2, 3)).astype(np.float32) / 255
        return np.stack([shade, 1 - shade], axis=1)

    images = noise_images(9, classes=2)
    parts = {"validation": images.take(np.arange(4)), "test": images.take(np.arange(4, 9))}
    found = predict(infer, parts)
    assert found.examples.tolist() == [str(i) for i in range(9)]
    assert found.splits.tolist() == ["validation"] * 4 + ["test"] * 5
    shades = images.pixels.mean(axis=(1, 2, 3)) / 255
    assert np.allclose(found.probabilities[:, 0], shades, atol=1e-5)
    assert found.of("test").labels.tolist() == images.labels[4:].tolist()
