"""The views of an image, and the mean answer over them."""

import itertools

import keras
import numpy as np
import pytest

from bloodcells.config.schema import Backbone, Head, MobileNetV2
from bloodcells.model.build import build
from bloodcells.model.inference import Inference
from bloodcells.model.views import averaged, views


def by_numpy(image: np.ndarray) -> list[np.ndarray]:
    """The quarter turns of an image and of its mirror image; of one that is not square the half turns."""
    turns = range(4) if image.shape[0] == image.shape[1] else (0, 2)
    return [np.rot90(side, turn) for side, turn in itertools.product((image, image[:, ::-1]), turns)]


@pytest.mark.parametrize(("size", "count"), [((5, 5), 8), ((4, 6), 4)])
def test_they_are_the_turns_and_mirror_images_each_once(size, count) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    seen = [np.array(view) for view in views(images)]
    assert np.array_equal(seen[0], images)
    for index, image in enumerate(images):
        found = {view[index].tobytes() for view in seen}
        assert len(seen) == len(found) == count
        assert found == {view.tobytes() for view in by_numpy(image)}


@pytest.mark.parametrize(
    ("backbone", "size", "scale"),
    [(Backbone("smallcnn", None, None), (32, 40), 1), (MobileNetV2("mobilenetv2", None, None, 0.35), (32, 32), 1.6)],
    ids=["smallcnn", "mobilenetv2"],
)
def test_the_mean_is_over_what_the_model_answers_for_each(backbone, size, scale, tmp_path) -> None:
    model = build(backbone, Head("linear", [], []), size, 5, None)
    for kernel in model.trainable_weights:
        kernel.assign(scale * kernel)  # as drawn, a deep one answers alike for all images
    images = np.random.default_rng(1).integers(0, 256, (3, *size, 3), dtype=np.uint8)
    expected = [np.mean([model(view[None]).numpy()[0] for view in by_numpy(image)], axis=0) for image in images]
    mean = averaged(model)
    assert np.allclose(Inference(mean, 2)(images), expected, atol=1e-6)
    assert not np.allclose(expected, model(images), atol=1e-6)  # else this would show nothing
    mean.save(tmp_path / "mean.keras")
    assert np.allclose(keras.saving.load_model(tmp_path / "mean.keras")(images), expected, atol=1e-6)


def test_it_answers_alike_for_an_image_however_it_lies() -> None:
    model = averaged(build(Backbone("smallcnn", None, None), Head("linear", [], []), (32, 32), 5, None))
    image = np.random.default_rng(2).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    answers = model(np.stack(by_numpy(image))).numpy()
    assert np.allclose(answers, answers[0], atol=1e-6)
