"""Grad-CAM: which regions of an image support a prediction."""

import keras
import numpy as np
import tensorflow as tf


class GradCam:
    """Grad-CAM, Selvaraju et al. 2017, arXiv:1610.02391, for any model that `build` returns.

    A heatmap is the sum of the backbone's last feature maps, weighted by the gradient of a class's score with respect
    to their means. The score is taken before the softmax, which saturates for confident predictions. The resolution is
    that of the feature maps: 3 x 3 for most backbones at 96 pixels.
    """

    def __init__(self, model: keras.Model) -> None:
        pooling = model.get_layer("pooling")
        self._features = keras.Model(model.inputs[0], pooling.input)
        head = model.layers[model.layers.index(pooling) :]
        *self._before, self._last = [layer for layer in head if not isinstance(layer, keras.layers.Dropout)]

    def __call__(self, pixels: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Heatmaps, float32 (n, h, w), scaled to 0..1 per image, of uint8 (n, h, w, 3) for one class each, int (n,).

        An image without evidence for its class is 0 everywhere.
        """
        maps = self._features(pixels, training=False)
        with tf.GradientTape() as tape:
            tape.watch(maps)
            x = maps
            for layer in self._before:
                x = layer(x)
            scores = tf.linalg.matmul(tf.cast(x, tf.float32), self._last.kernel) + self._last.bias
            chosen = tf.gather(scores, classes, axis=1, batch_dims=1)
        weights = tf.reduce_mean(tf.cast(tape.gradient(chosen, maps), tf.float32), axis=(1, 2), keepdims=True)
        heat = tf.nn.relu(tf.reduce_sum(weights * tf.cast(maps, tf.float32), axis=-1, keepdims=True))
        heat = tf.image.resize(heat, pixels.shape[1:3], method="bicubic")[..., 0].numpy().clip(min=0)
        top = heat.max(axis=(1, 2), keepdims=True)
        return heat / np.where(top > 0, top, 1)
