"""One model from RGB images in 0..255 to class probabilities: preprocessing, backbone, pooling, head."""

import warnings
from pathlib import Path

import keras
from keras import layers

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Backbone, Head, MobileNetV2
from bloodcells.model.catalogue import CATALOGUE
from bloodcells.model.smallcnn import smallcnn


def build(backbone: Backbone, head: Head, size: tuple[int, int], classes: int, weights: Path | None) -> keras.Model:
    """An uncompiled model: float or uint8 (n, *size, 3), RGB in 0..255, to float32 (n, classes), summing to 1.

    weights: a file for the backbone's weights, or None for random ones. The head's are random.
    Raises InputError for images too small for the backbone, and for weights that do not fit it.
    """
    facts = CATALOGUE[backbone.name]
    height, width = (backbone.input_size, backbone.input_size) if backbone.input_size else size
    if min(height, width) < facts.smallest_size:
        raise InputError(
            f"backbone.input_size: {backbone.name} takes {facts.smallest_size} pixels a side or more, received "
            f"{width}x{height}; give backbone.input_size={facts.smallest_size} or more to have them resized"
        )
    images = keras.Input((*size, 3), name="images")
    x = images
    if (height, width) != size:
        x = layers.Resizing(height, width, name="resizing")(x)
    x = getattr(keras.applications, facts.preprocessing).preprocess_input(x)
    x = _backbone(backbone, (height, width, 3), weights)(x)
    x = layers.GlobalAveragePooling2D(name="pooling")(x)
    for number, (units, rate) in enumerate(zip(head.units, head.dropout, strict=True), start=1):
        x = layers.Dense(units, activation="relu", name=f"dense{number}")(x)
        x = layers.Dropout(rate, name=f"dropout{number}")(x)
    # float32 whatever the precision: a softmax in 16 bits cannot tell confident probabilities apart.
    probabilities = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(images, probabilities, name=f"{backbone.name}_{head.name}")


def backbone_of(model: keras.Model) -> keras.Model:
    """The backbone inside a model that `build` made."""
    return next(layer for layer in model.layers if isinstance(layer, keras.Model))


def _backbone(config: Backbone, shape: tuple[int, int, int], weights: Path | None) -> keras.Model:
    if config.name == "smallcnn":
        network = smallcnn(shape)
    else:
        width = {"alpha": config.alpha} if isinstance(config, MobileNetV2) else {}
        builder = getattr(keras.applications, CATALOGUE[config.name].builder)
        network = builder(include_top=False, weights=None, input_shape=shape, pooling=None, **width)
    if weights is not None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a file that does not fit Keras warns a hundred times, then raises
                network.load_weights(weights)
        except (ValueError, OSError, KeyError) as error:
            reason = str(error).strip().splitlines()[0]
            raise InputError(
                f"backbone.weights={weights}: not weights of {config.name} without its top ({reason}); expected a file "
                "that the same network's save_weights wrote, with the same backbone settings"
            ) from error
    return network
