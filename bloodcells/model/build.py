"""Builds the model, from RGB images in 0..255 to class probabilities, and restores it from a file."""

import hashlib
import warnings
from pathlib import Path

import keras
import numpy as np
from keras import layers

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Backbone, Head


def build(backbone: Backbone, head: Head, size: tuple[int, int], *, classes: int, weights: Path | None) -> keras.Model:
    """Builds preprocessing, backbone, pooling and head as one uncompiled model.

    The model takes float or uint8 (n, *size, 3), RGB in 0..255, and returns float32 (n, classes), rows summing to 1.
    size: height and width of the images
    weights: a file with the backbone's weights, or None for random ones. The head's weights are random.
    Raises InputError for images that are too small for the backbone and for weights that do not fit it.
    """
    height, width = (backbone.input_size, backbone.input_size) if backbone.input_size else size
    if min(height, width) < (smallest := backbone.smallest_size):
        raise InputError(
            f"backbone.input_size: {backbone.label} needs {smallest} pixels per side or more, received "
            f"{width}x{height}; give backbone.input_size={smallest} or more to resize the images"
        )
    images = keras.Input((*size, 3), name="images")
    x = images
    if (height, width) != size:
        x = layers.Resizing(height, width, name="resizing")(x)
    x = backbone.preprocess(x)
    network = backbone.build((height, width, 3))
    if weights is not None:
        _load_weights(network, backbone.label, weights)
    x = network(x)
    x = layers.GlobalAveragePooling2D(name="pooling")(x)
    for layer in head.layers():
        x = layer(x)
    # float32 in any precision: a softmax in 16 bits rounds confident probabilities to the same value.
    probabilities = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(images, probabilities, name=f"{backbone.name}_{head.name}")


def backbone_of(model: keras.Model) -> keras.Model:
    """The backbone inside a model that `build` returned."""
    return next(layer for layer in model.layers if isinstance(layer, keras.Model))


def restore(file: Path) -> keras.Model:
    """The model in a run's .keras file as `build` returned it, with one input and one output.

    MLflow's model has lists of one input and one output, which would show in exported models.
    """
    stored = keras.saving.load_model(file, compile=False)
    return keras.Model(stored.inputs[0], stored.outputs[0], name=stored.name)


def weights_hash(model: keras.Model) -> str:
    """SHA-256 of all weights, in order."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()


def _load_weights(network: keras.Model, name: str, weights: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras emits many warnings before it raises
            network.load_weights(weights)
    except (ValueError, OSError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"backbone.weights={weights}: not weights of {name} without its top ({reason}); expected a file that "
            "save_weights of the same network wrote, with the same backbone settings"
        ) from error
