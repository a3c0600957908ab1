"""A SavedModel: its answers, its signature and its size."""

import numpy as np
import tensorflow as tf

from bloodcells.config.schema import Backbone, Head
from bloodcells.deployment.place import megabytes
from bloodcells.deployment.savedmodel import write_savedmodel
from bloodcells.model.build import build


def test_it_answers_as_the_model_by_either_name_and_keeps_the_weights_once(tmp_path) -> None:
    model = build(Backbone("smallcnn", None, None), Head("dense", [2000], [0.5]), (32, 32), 5, None)
    write_savedmodel(model, tmp_path / "a")
    loaded = tf.saved_model.load(str(tmp_path / "a"))
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.float32)
    assert np.allclose(loaded.serve(pixels), model(pixels), atol=1e-6)
    (answers,) = loaded.signatures["serving_default"](images=tf.constant(pixels)).values()
    assert np.allclose(answers, model(pixels), atol=1e-6)
    weights = 4 * model.count_params() / 1e6
    assert weights < megabytes(tmp_path / "a" / "variables") < 1.1 * weights
