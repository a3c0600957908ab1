"""Random flips and translation in one warp."""

import tensorflow as tf

from bloodcells.config.schema import FlipTranslate


def flip_translate(image: tf.Tensor, seed: tf.Tensor, config: FlipTranslate) -> tf.Tensor:
    """Mirrors left-right and up-down, each with an even chance, and moves by up to `translate` of the side.

    image: float32 (h, w, 3); seed: int64 (2,). Bilinear, the edges reflected, so that no blank border appears.
    """
    height, width = image.shape[0], image.shape[1]
    draws = tf.random.stateless_uniform([4], seed, minval=-1.0, maxval=1.0)
    mirror_x, mirror_y = tf.sign(draws[0]), tf.sign(draws[1])
    # The warp takes output to input coordinates: x_in = mirror * x_out + offset, and a mirrored axis starts at its end.
    move_x = draws[2] * config.translate * width + tf.where(mirror_x < 0, width - 1.0, 0.0)
    move_y = draws[3] * config.translate * height + tf.where(mirror_y < 0, height - 1.0, 0.0)
    zero = tf.constant(0.0)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=image[None],
        transforms=tf.stack([mirror_x, zero, move_x, zero, mirror_y, move_y, zero, zero])[None],
        output_shape=[height, width],
        interpolation="BILINEAR",
        fill_mode="REFLECT",
        fill_value=0.0,
    )[0]
