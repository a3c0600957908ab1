"""What a model answers, by one graph for the whole of a run."""

import keras
import numpy as np
import tensorflow as tf

from bloodcells.model.views import averaged


class Inference:
    """Class probabilities for images, each image once and in order, whatever their number.

    Keras's own `evaluate` and `predict` trace a graph each anew after every `compile`, and under a MirroredStrategy
    they fail where a batch does not divide evenly. The same answers are used to validate and to test.
    """

    def __init__(self, model: keras.Model, batch_size: int, test_time_augmentation: bool = False) -> None:
        """test_time_augmentation: answers are the mean over an image's turns and mirror images."""
        self._batch_size = batch_size
        if test_time_augmentation:
            model = averaged(model)
        images = tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)
        self._forward = tf.function(lambda batch: model(batch, training=False), input_signature=[images])

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 (n, h, w, 3), RGB, to float32 (n, classes)."""
        starts = range(0, len(pixels), self._batch_size)
        return np.concatenate([self._forward(pixels[start : start + self._batch_size]).numpy() for start in starts])
