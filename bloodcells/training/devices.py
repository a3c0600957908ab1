"""Seeds, precision and the devices a run uses."""

import keras
import tensorflow as tf

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Training


def prepare(config: Training, seed: int) -> tf.distribute.Strategy:
    """Clears what an earlier run in this process left, seeds every generator and sets the precision.

    Returns the strategy to build and train under: with `training.mirrored` all GPUs of this machine (where it has none,
    all its logical processors), else TensorFlow's default.
    Raises InputError for a batch that the devices cannot share out evenly.
    """
    tf.get_logger().setLevel("ERROR")
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(config.precision.value)
    if not config.mirrored:
        return tf.distribute.get_strategy()
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if config.batch_size % len(devices):
        raise InputError(
            f"training.batch_size={config.batch_size}: expected a multiple of {len(devices)}, the devices that share it"
        )
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def compiles_ahead() -> bool | str:
    """Keras's `jit_compile`: its own choice on a GPU; never on a processor, where XLA makes most backbones slower."""
    return "auto" if tf.config.list_physical_devices("GPU") else False
