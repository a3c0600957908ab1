"""Imports TensorFlow and Keras, without start-up messages and with the settings that the package expects."""

import os
import sys
import tempfile

from bloodcells.config.errors import InputError


def import_tensorflow() -> None:
    """Imports TensorFlow and Keras, whose settings of the user are replaced by its defaults.

    Raises InputError if Keras is to run on another backend than TensorFlow.
    """
    if (backend := os.environ.get("KERAS_BACKEND", "")) not in ("", "tensorflow"):
        raise InputError(f"the environment variable KERAS_BACKEND is {backend}; expected tensorflow: unset it")
    os.environ["KERAS_BACKEND"] = "tensorflow"  # otherwise ~/.keras/keras.json chooses
    if "tensorflow" not in sys.modules:
        _import_quietly()
    import keras

    # Also from keras.json. Data type and epsilon change numbers, and the order of axes the network.
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")


def _import_quietly() -> None:
    """Imports TensorFlow and lists its devices while standard error is captured.

    Its C++ libraries print notes on CPU features and missing GPU libraries there, which bury messages that users should
    read. No setting silences all of them. If the import fails, the captured text is printed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    stream = os.dup(2)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()
        except BaseException:
            captured.seek(0)
            os.write(stream, captured.read())
            raise
        finally:
            os.dup2(stream, 2)
            os.close(stream)
