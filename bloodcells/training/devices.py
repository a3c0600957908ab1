"""Seeds, precision, threads and the devices a run uses."""

import os

import keras
import tensorflow as tf
from tensorflow.python.framework.config import disable_op_determinism, enable_op_determinism

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Training


def cores() -> int:
    """The processor's cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(config: Training) -> int:
    """How many threads share an operation: `training.threads`, or one a core."""
    return config.threads or cores()


def prepare(config: Training, seed: int) -> tf.distribute.Strategy:
    """Clears what an earlier run in this process left, seeds every generator and sets precision and threads.

    Returns the strategy to build and train under: with `training.mirrored` all GPUs of this machine (where it has none,
    all its logical processors), else TensorFlow's default.
    Raises InputError for a batch that the devices cannot share out evenly, and for another number of threads than an
    earlier run in this process had.
    """
    tf.get_logger().setLevel("ERROR")
    _share_out(threads(config))
    # On a processor the same number of threads gives the same bits anyway; a GPU has to be asked, and takes longer.
    if tf.config.list_physical_devices("GPU"):
        (enable_op_determinism if config.deterministic else disable_op_determinism)()
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


def _share_out(wanted: int) -> None:
    # With another number of threads sums over their parts are taken in another order: it is set, not left open.
    try:
        tf.config.threading.set_intra_op_parallelism_threads(wanted)
    except RuntimeError as error:  # TensorFlow has begun to compute
        unset = int(os.environ.get("TF_NUM_INTRAOP_THREADS", 0)) or cores()
        present = tf.config.threading.get_intra_op_parallelism_threads() or unset
        if present == wanted:
            return
        raise InputError(
            f"training.threads={wanted}: an earlier run in this process has set it to {present}; expected "
            "the same for all of them: give each number a command of its own"
        ) from error


def compiles_ahead() -> bool | str:
    """Keras's `jit_compile`: its own choice on a GPU; never on a processor, where XLA makes most backbones slower."""
    return "auto" if tf.config.list_physical_devices("GPU") else False
