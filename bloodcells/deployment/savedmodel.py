"""A Keras model as a SavedModel, a graph that TensorFlow runs without Keras.

Keras's own export keeps the weights twice.
"""

from pathlib import Path

import keras
import tensorflow as tf


def write_savedmodel(model: keras.Model, folder: Path) -> None:
    """Writes `model` to `folder`, which holds a function `serve`, also the signature "serving_default".

    It takes float32 (n, h, w, 3), RGB in 0..255, called "images", and gives float32 (n, classes).
    """
    images = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="images")
    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    module.serve = tf.function(lambda images: model(images, training=False), input_signature=[images])
    tf.saved_model.save(module, str(folder), signatures=module.serve)
