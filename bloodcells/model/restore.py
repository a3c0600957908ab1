"""A model read back from its file, and known again by its weights."""

import hashlib
from pathlib import Path

import keras
import numpy as np


def restore(file: Path) -> keras.Model:
    """The model in a run's .keras file as `build` gave it: one tensor in, one out.

    What MLflow was given has lists of one instead, which other formats would hand on to their users.
    """
    stored = keras.saving.load_model(file, compile=False)
    return keras.Model(stored.inputs[0], stored.outputs[0], name=stored.name)


def weights_hash(model: keras.Model) -> str:
    """SHA-256 of all weights in their order, bit for bit."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()
