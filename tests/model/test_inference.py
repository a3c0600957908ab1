"""Predictions: one per image, in order, with the current weights; and test-time augmentation."""

import itertools

import keras
import numpy as np
import pytest

from bloodcells.model.backbones import SmallCNN
from bloodcells.model.build import build
from bloodcells.model.heads import Dense
from bloodcells.model.inference import Inference, averaged, views

IMAGES = np.random.default_rng(0).integers(0, 256, (11, 32, 32, 3), dtype=np.uint8)


def small(head: Dense, size: tuple[int, int] = (32, 32)) -> keras.Model:
    return build(SmallCNN("smallcnn", None, None), head, size, classes=5, weights=None)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return small(Dense("dense", [16], [0.9]))


@pytest.mark.parametrize("batch_size", [1, 4, 11, 64])
def test_predictions_are_those_of_keras_for_every_batch_size(model, batch_size) -> None:
    probabilities = Inference(model, batch_size)(IMAGES)
    assert probabilities.shape == (11, 5)
    assert np.allclose(probabilities, model.predict(IMAGES, verbose=0), atol=1e-6)


def test_predictions_follow_the_current_weights(model) -> None:
    infer = Inference(model, 4)
    before = infer(IMAGES)
    model.set_weights([weight * 0.5 for weight in model.get_weights()])
    assert not np.allclose(infer(IMAGES), before)
    assert np.allclose(infer(IMAGES), model.predict(IMAGES, verbose=0), atol=1e-6)


def by_numpy(image: np.ndarray) -> list[np.ndarray]:
    """The quarter turns of an image and of its mirror image; the half turns if it is not square."""
    turns = range(4) if image.shape[0] == image.shape[1] else (0, 2)
    return [np.rot90(side, turn) for side, turn in itertools.product((image, image[:, ::-1]), turns)]


@pytest.mark.parametrize(("size", "count"), [((5, 5), 8), ((4, 6), 4)])
def test_views_are_all_rotations_and_reflections_once(size, count) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    result = [np.array(view) for view in views(images)]
    assert np.array_equal(result[0], images)
    for index, image in enumerate(images):
        distinct = {view[index].tobytes() for view in result}
        assert len(result) == len(distinct) == count
        assert distinct == {view.tobytes() for view in by_numpy(image)}


@pytest.mark.parametrize("size", [(32, 40), (32, 32)], ids=["wide", "square"])
def test_averaged_model_returns_the_mean_over_the_views(size, tmp_path) -> None:
    keras.utils.set_random_seed(0)
    model = small(Dense("linear", [], []), size)
    images = np.random.default_rng(1).integers(0, 256, (3, *size, 3), dtype=np.uint8)
    expected = [np.mean([model(view[None]).numpy()[0] for view in by_numpy(image)], axis=0) for image in images]
    mean = averaged(model)
    assert np.allclose(Inference(mean, 2)(images), expected, atol=1e-6)
    assert not np.allclose(expected, model(images), atol=1e-6)  # otherwise the comparison above would show nothing
    mean.save(tmp_path / "mean.keras")
    assert np.allclose(keras.saving.load_model(tmp_path / "mean.keras")(images), expected, atol=1e-6)


def test_averaged_model_predicts_the_same_for_every_orientation() -> None:
    model = averaged(small(Dense("linear", [], [])))
    image = np.random.default_rng(2).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    probabilities = model(np.stack(by_numpy(image))).numpy()
    assert np.allclose(probabilities, probabilities[0], atol=1e-6)
