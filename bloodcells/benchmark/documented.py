"""keras-cv's RandAugment as its own guides use it: on batches, in a pipeline of tf.data that tunes itself."""

import tensorflow as tf

from bloodcells.config.schema import TrainConfig
from bloodcells.data.images import Images


def documented(images: Images, config: TrainConfig, epochs: int | None = 1) -> tf.data.Dataset:
    """Batches of some epochs, or without end where that is None; `config` has augmentation=randaugment_kerascv.

    https://github.com/keras-team/keras-io/blob/master/guides/keras_cv/cut_mix_mix_up_and_rand_augment.py
    """
    import keras_cv

    policy = config.augmentation.randaugment_kerascv
    if policy is None:
        raise ValueError("expected augmentation=randaugment_kerascv")
    layer = keras_cv.layers.RandAugment(
        value_range=(0, 255),
        augmentations_per_image=policy.augmentations_per_image,
        magnitude=policy.magnitude,
        magnitude_stddev=policy.magnitude_stddev,
        rate=policy.rate,
    )
    batches = tf.data.Dataset.from_tensor_slices((images.pixels, images.one_hot))
    batches = batches.shuffle(len(images), seed=config.seed).repeat(epochs).batch(config.training.batch_size)
    batches = batches.map(lambda pixels, labels: (layer(pixels), labels), num_parallel_calls=tf.data.AUTOTUNE)
    return batches.prefetch(tf.data.AUTOTUNE)
