"""Which variables move in training, under every depth and both policies of batch normalisation."""

import keras
import numpy as np
import pytest

from bloodcells.config.schema import Backbone, Head, MobileNetV2
from bloodcells.model.build import backbone_of, build
from bloodcells.model.trainable import set_trainable

HEAD = Head("dense", [6], [0.0])
IMAGES = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype(np.float32)
LABELS = np.eye(4, dtype=np.float32)[[0, 1, 2, 0, 1, 0, 0, 3]]  # uneven: an even batch leaves the last bias in place
STATISTICS = ("moving_mean", "moving_variance")


CASES = [
    *(("smallcnn", depth) for depth in (0, 1, 4, 9, 0.5, "all")),
    *(("mobilenetv2", depth) for depth in (9, "all")),
]


@pytest.fixture(scope="module")
def models() -> dict[str, tuple[keras.Model, list[np.ndarray]]]:
    keras.utils.set_random_seed(0)
    configs = [Backbone("smallcnn", None, None), MobileNetV2("mobilenetv2", None, None, 0.35)]
    built = {config.name: build(config, HEAD, (32, 32), 4, None) for config in configs}
    return {name: (model, model.get_weights()) for name, model in built.items()}


def fresh(models: dict[str, tuple[keras.Model, list[np.ndarray]]], name: str) -> keras.Model:
    model, weights = models[name]
    model.set_weights(weights)
    return model


def moved(model: keras.Model) -> set[str]:
    """The paths of the variables that a step of training changed."""
    # Lion steps by the sign of the gradient, so that even one as small as a random network's shows.
    model.compile(optimizer=keras.optimizers.Lion(1e-3), loss="categorical_crossentropy", jit_compile=False)
    before = {variable.path: np.array(variable) for variable in model.weights}
    model.train_on_batch(IMAGES, LABELS)
    return {variable.path for variable in model.weights if not np.array_equal(before[variable.path], variable)}


@pytest.mark.parametrize("batch_norm", [False, True], ids=["frozen", "train"])
@pytest.mark.parametrize(("name", "depth"), CASES)
def test_only_what_is_unfrozen_moves(models, name, depth, batch_norm) -> None:
    model = fresh(models, name)
    layers = backbone_of(model).layers
    last = len(layers) if depth == "all" else int(depth * len(layers)) if isinstance(depth, float) else depth
    first = len(layers) - last
    counted = set_trainable(model, first, batch_norm)

    expected = {weight.path for k in ("dense1", "probabilities") for weight in model.get_layer(k).weights}
    for layer in layers[first:]:
        if batch_norm or not isinstance(layer, keras.layers.BatchNormalization):
            expected |= {weight.path for weight in layer.weights}
    assert moved(model) == expected

    trained = [weight for weight in model.weights if weight.path in expected and weight.name not in STATISTICS]
    assert counted.parameters == sum(int(np.prod(weight.shape)) for weight in trained)
    assert counted.all_parameters == model.count_params()
    with_weights = [layer.name for layer in layers[first:] if layer.trainable_weights]
    assert counted.first_layer == (with_weights[0] if with_weights else "dense1")
    assert counted.layers == len(with_weights) + 2


def test_every_layer_is_set_whatever_it_was_before(models) -> None:
    model = fresh(models, "smallcnn")
    first = len(backbone_of(model).layers) - 5
    set_trainable(model, 0, True)
    deep = set_trainable(model, first, False)
    model.trainable = False
    assert set_trainable(model, first, False) == deep
