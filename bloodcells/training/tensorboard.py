"""Learning curves for TensorBoard."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from bloodcells.config.errors import InputError
from bloodcells.training.epochs import Epoch


@contextmanager
def tensorboard(folder: Path) -> Iterator[Callable[[Epoch], None]]:
    """A function that writes an epoch to `folder`, under the names that Keras's callback for TensorBoard uses.

    The callback itself would count the epochs of each stage from 0, and miss those before an interruption.
    Raises InputError if the files cannot be written.
    """
    try:
        training, validation = (tf.summary.create_file_writer(str(folder / part)) for part in ("train", "validation"))
    except (tf.errors.OpError, OSError) as error:
        raise InputError(f"tracking.tensorboard=true: cannot write to {folder} ({error})") from error

    def write(row: Epoch) -> None:
        with training.as_default(step=row.epoch):
            tf.summary.scalar("epoch_loss", row.train_loss)
            tf.summary.scalar("epoch_accuracy", row.train_accuracy)
            tf.summary.scalar("epoch_learning_rate", row.learning_rate)
        with validation.as_default(step=row.epoch):
            tf.summary.scalar("epoch_loss", row.val_loss)
            tf.summary.scalar("epoch_accuracy", row.val_accuracy)
            tf.summary.scalar("epoch_composed_loss", row.val_composed_loss)
            tf.summary.scalar("epoch_composed_accuracy", row.val_composed_accuracy)
        training.flush()
        validation.flush()

    try:
        yield write
    finally:
        training.close()
        validation.close()
