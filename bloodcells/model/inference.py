"""Predictions of a model, with or without test-time augmentation."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from bloodcells.model.folding import folded

MEMBER = "member_"  # begins the names of models in a mean


class Inference:
    """Predicts class probabilities for any number of images, in order, with one graph for a whole run.

    It shares the model's variables, so predictions follow its training, and computes batch normalization within
    convolutions (`folded`). Validation and test use it instead of Keras's `evaluate` and `predict`, which trace a new
    graph after every `compile` and, under a MirroredStrategy, fail if a batch does not divide evenly.
    """

    def __init__(self, model: keras.Model, batch_size: int, test_time_augmentation: bool = False) -> None:
        """test_time_augmentation: averages the predictions over an image's rotations and reflections."""
        self._batch_size = batch_size
        model = folded(averaged(model) if test_time_augmentation else model)
        images = tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)
        self._forward = tf.function(lambda batch: model(batch, training=False), input_signature=[images])

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 (n, h, w, 3), RGB, to float32 (n, classes)."""
        starts = range(0, len(pixels), self._batch_size)
        return np.concatenate([self._forward(pixels[start : start + self._batch_size]).numpy() for start in starts])


def views(images: Any) -> list[Any]:
    """The rotations and reflections of a batch of images, the original first; they show the same cells.

    Eight tensors (b, h, w, 3) for square images, four for others.
    """
    result = [images, *(ops.flip(images, axis) for axis in (1, 2, (1, 2)))]
    if images.shape[1] == images.shape[2]:
        result += [ops.transpose(view, (0, 2, 1, 3)) for view in result]
    return result


def averaged(model: keras.Model) -> keras.Model:
    """A model with the same input that returns the mean of the model's probabilities over all `views`.

    model: as returned by `build` or `restore`. All views pass through it as one batch, so the graph contains it only
    once, but a batch needs four or eight times the memory.
    """
    images = keras.Input(model.input_shape[1:], name="images")
    batches = views(images)
    probabilities = model(ops.concatenate(batches, axis=0), training=False)
    mean = ops.mean(ops.reshape(probabilities, (len(batches), -1, probabilities.shape[-1])), axis=0)
    return keras.Model(images, mean, name=model.name)


def mean_of(models: Sequence[keras.Model]) -> keras.Model:
    """A model that returns the mean of the probabilities of several models with the same input, which it renames."""
    images = keras.Input(models[0].input_shape[1:], name="images")
    for number, model in enumerate(models):
        model.name = f"{MEMBER}{number}"
    mean = keras.layers.Average(name="mean")([model(images, training=False) for model in models])
    return keras.Model(images, mean, name="mean_of_models")


def members(model: keras.Model) -> list[keras.Model]:
    """The models whose mean `mean_of` returned, or the model itself."""
    return [layer for layer in model.layers if layer.name.startswith(MEMBER)] or [model]
