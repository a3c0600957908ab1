"""Seeds, precision, threads and devices of a run."""

import os

import keras
import tensorflow as tf
from tensorflow.python.framework.config import disable_op_determinism, enable_op_determinism

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Training


def cores() -> int:
    """The number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(config: Training) -> int:
    """The number of threads per operation: `training.threads`, or one per core."""
    return config.threads or cores()


def prepare(config: Training, seed: int) -> tf.distribute.Strategy:
    """Clears the state of earlier runs in this process, seeds all generators, and sets precision and threads.

    Returns the strategy to build and train under: with `training.mirrored`, one of all GPUs of this machine (all
    logical CPUs if it has none), otherwise TensorFlow's default.
    Raises InputError if the batch size is not a multiple of the number of devices, or if an earlier run in this process
    used another number of threads.
    """
    tf.get_logger().setLevel("ERROR")
    _set_threads(threads(config))
    # A CPU is deterministic anyway for a fixed number of threads; on a GPU determinism is optional and slower.
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
            f"training.batch_size={config.batch_size}: expected a multiple of {len(devices)}, the number of devices"
        )
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def _set_threads(number: int) -> None:
    # Set explicitly: the number of threads changes the order of sums, and with it the last bits of a result.
    try:
        tf.config.threading.set_intra_op_parallelism_threads(number)
    except RuntimeError as error:  # TensorFlow has started its threads
        default = int(os.environ.get("TF_NUM_INTRAOP_THREADS", 0)) or cores()
        current = tf.config.threading.get_intra_op_parallelism_threads() or default
        if current == number:
            return
        raise InputError(
            f"training.threads={number}: an earlier run in this process has set it to {current}; expected the same "
            "number for all runs of a process: use a separate command for each number"
        ) from error


def jit_compile() -> bool | str:
    """The argument `jit_compile` of `Model.compile`: "auto" on a GPU, off on a CPU, where XLA slows most backbones."""
    return "auto" if tf.config.list_physical_devices("GPU") else False
