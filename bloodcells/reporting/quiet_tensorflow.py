"""Imports TensorFlow without its start-up messages."""

import os
import sys
import tempfile


def import_tensorflow() -> None:
    """Imports TensorFlow and lists its devices while standard error is captured.

    Its C++ libraries print notes on CPU features and missing GPU libraries there, which bury messages that users should
    read. No setting silences all of them. If the import fails, the captured text is printed.
    """
    if "tensorflow" in sys.modules:
        return
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
