"""Answers: one for each image, in order, and the model's own as it is at the time."""

import numpy as np
import pytest

from bloodcells.config.schema import Backbone, Head
from bloodcells.model.build import build
from bloodcells.model.inference import Inference

IMAGES = np.random.default_rng(0).integers(0, 256, (11, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    return build(Backbone("smallcnn", None, None), Head("dense", [16], [0.9]), (32, 32), 5, None)


@pytest.mark.parametrize("batch_size", [1, 4, 11, 64])
def test_every_image_is_answered_as_kerass_predict_does_it(model, batch_size) -> None:
    answers = Inference(model, batch_size)(IMAGES)
    assert answers.shape == (11, 5)
    assert np.allclose(answers, model.predict(IMAGES, verbose=0), atol=1e-6)


def test_the_weights_of_the_moment_count(model) -> None:
    infer = Inference(model, 4)
    before = infer(IMAGES)
    model.set_weights([weight * 0.5 for weight in model.get_weights()])
    assert not np.allclose(infer(IMAGES), before)
    assert np.allclose(infer(IMAGES), model.predict(IMAGES, verbose=0), atol=1e-6)
