"""keras-cv's RandAugment. Only this module imports keras-cv: that takes seconds."""

from collections.abc import Callable

import tensorflow as tf

from bloodcells.config.schema import RandAugment


def randaugment_kerascv(config: RandAugment, seed: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """A function of images float32 (b, h, w, 3), RGB in 0..255, that applies random operations to each.

    Its layers hold random state that starts from `seed` and moves on with every call, so in a parallel pipeline an
    image's changes depend on which call comes first. https://github.com/keras-team/keras-cv
    """
    import keras_cv

    layer = keras_cv.layers.RandAugment(
        value_range=(0, 255),
        augmentations_per_image=config.augmentations_per_image,
        magnitude=config.magnitude,
        magnitude_stddev=config.magnitude_stddev,
        rate=config.rate,
        seed=seed,
    )

    def augment(images: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(layer(images), images.shape)

    # keras-cv branches on tensors in Python, which only a function traced as a whole can follow.
    return tf.function(augment)
