"""Random changes of brightness, contrast, saturation and hue."""

import tensorflow as tf

from bloodcells.config.schema import Color


def color(image: tf.Tensor, seed: tf.Tensor, config: Color) -> tf.Tensor:
    """Changes the four in this order, each by a random amount within the config's range; clips to 0..255.

    image: float32 (h, w, 3), RGB in 0..255; seed: int64 (2,).
    The operations are those of https://www.tensorflow.org/api_docs/python/tf/image.
    """
    seeds = tf.random.split(seed, 4)
    image = image / 255.0
    if config.brightness > 0:
        image = tf.image.stateless_random_brightness(image, config.brightness, seeds[0])
    if config.contrast > 0:
        image = tf.image.stateless_random_contrast(image, 1 - config.contrast, 1 + config.contrast, seeds[1])
    image = tf.clip_by_value(image, 0.0, 1.0)  # hue and saturation are defined on this range
    if config.saturation > 0:
        image = tf.image.stateless_random_saturation(image, 1 - config.saturation, 1 + config.saturation, seeds[2])
    if config.hue > 0:
        image = tf.image.stateless_random_hue(image, config.hue, seeds[3])
    return tf.clip_by_value(image, 0.0, 1.0) * 255.0
