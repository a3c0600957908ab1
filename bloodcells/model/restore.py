"""A model read back from its file."""

from pathlib import Path

import keras


def restore(file: Path) -> keras.Model:
    """The model in a run's .keras file as `build` gave it: one tensor in, one out.

    What MLflow was given has lists of one instead, which other formats would hand on to their users.
    """
    stored = keras.saving.load_model(file, compile=False)
    return keras.Model(stored.inputs[0], stored.outputs[0], name=stored.name)
