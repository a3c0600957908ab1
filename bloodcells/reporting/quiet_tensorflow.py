"""TensorFlow, imported without its start-up messages."""

import os
import sys
import tempfile


def import_tensorflow() -> None:
    """Imports TensorFlow and finds its devices with the standard error stream held back.

    Its C++ parts tell of processor features and missing GPU libraries there, which no setting silences and which bury
    what a user must read. If the import fails, what was held back is shown.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    stream = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()
        except BaseException:
            held.seek(0)
            os.write(stream, held.read())
            raise
        finally:
            os.dup2(stream, 2)
            os.close(stream)
