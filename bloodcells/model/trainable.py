"""Sets `trainable` on every layer and counts the trainable parameters."""

from dataclasses import dataclass

import keras

from bloodcells.model.build import backbone_of


@dataclass(frozen=True)
class Trainable:
    """The trainable part of a model.

    layers: number of trainable layers with weights; parameters: number of trainable parameters
    all_parameters: number of all parameters of the model; first_layer: the name of the first trainable layer
    """

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

    batch_norm: whether unfrozen batch normalization trains. If not, its scales and offsets are fixed and it normalizes
        by its stored statistics, since Keras runs a frozen BatchNormalization in inference mode
        (https://keras.io/api/layers/normalization_layers/batch_normalization)
    Compile the model afterwards, since Keras collects the trainable variables when it compiles.
    """
    model.trainable = True  # of all layers, including those of the backbone
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
    """The number of parameters in variables."""
    return sum(int(keras.ops.size(weight)) for weight in weights)
