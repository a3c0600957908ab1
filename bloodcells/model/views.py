"""Test-time augmentation: a model's mean answer over an image's turns and mirror images, which show the same cell.

They are the symmetries of the square, eight with the image itself; an image that is not square has four of them.
"""

from typing import Any

import keras
from keras import ops


def views(images: Any) -> list[Any]:
    """Tensors (b, h, w, 3), the images themselves first: eight where h = w, else four."""
    turned = [images, *(ops.flip(images, axis) for axis in (1, 2, (1, 2)))]
    if images.shape[1] == images.shape[2]:
        turned += [ops.transpose(view, (0, 2, 1, 3)) for view in turned]
    return turned


def averaged(model: keras.Model) -> keras.Model:
    """A model that takes what `model` takes and answers with the mean of its probabilities over the views.

    model: as `build` and `restore` give it.
    All views go through `model` as one batch, so its graph is there once; a batch needs as many times the memory.
    """
    images = keras.Input(model.input_shape[1:], name="images")
    seen = views(images)
    answers = model(ops.concatenate(seen, axis=0), training=False)
    mean = ops.mean(ops.reshape(answers, (len(seen), -1, answers.shape[-1])), axis=0)
    return keras.Model(images, mean, name=model.name)
