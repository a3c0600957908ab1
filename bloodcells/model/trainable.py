"""Which layers train: every one is set, none is left as it was, and the outcome is counted."""

from dataclasses import dataclass

import keras

from bloodcells.model.build import backbone_of


@dataclass(frozen=True)
class Trainable:
    """What trains: layers that have weights, their parameters, those of the whole model, the first layer's name."""

    layers: int
    parameters: int
    all_parameters: int
    first_layer: str

    def describe(self) -> str:
        share = self.parameters / self.all_parameters
        return (
            f"{self.parameters:,} of {self.all_parameters:,} parameters ({share:.1%}) in {self.layers} layers, "
            f"from {self.first_layer} on"
        )


def set_trainable(model: keras.Model, first: int, batch_norm: bool) -> Trainable:
    """Unfreezes the head and the backbone's layers from index `first` on; freezes the rest.

    batch_norm: whether unfrozen batch normalisation trains. Where it does not, its scales and offsets stay, and it
        normalises by the statistics it has: Keras runs a frozen BatchNormalization in inference mode
        (https://keras.io/api/layers/normalization_layers/batch_normalization).
    The model must be compiled afterwards: Keras takes the trainable variables then.
    """
    model.trainable = True  # reaches every layer, the backbone and its layers included
    backbone = backbone_of(model)
    for index, layer in enumerate(backbone.layers):
        frozen_statistics = isinstance(layer, keras.layers.BatchNormalization) and not batch_norm
        layer.trainable = index >= first and not frozen_statistics
    head = [layer for layer in model.layers if layer is not backbone]
    training = [layer for layer in [*backbone.layers, *head] if layer.trainable_weights]
    return Trainable(
        layers=len(training),
        parameters=sum(_count(layer.trainable_weights) for layer in training),
        all_parameters=_count(model.weights),
        first_layer=training[0].name,
    )


def _count(weights: list[keras.Variable]) -> int:
    """How many numbers these variables hold."""
    return sum(int(keras.ops.size(weight)) for weight in weights)
