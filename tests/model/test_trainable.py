"""Which variables change in training, for each depth and both policies for batch normalisation."""

import keras
import numpy as np
import pytest

from bloodcells.model.backbones import MobileNetV2, SmallCNN
from bloodcells.model.build import backbone_of, build
from bloodcells.model.heads import Dense
from bloodcells.model.trainable import set_trainable

HEAD = Dense("dense", [6], [0.0])
IMAGES = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype(np.float32)
LABELS = np.eye(4, dtype=np.float32)[[0, 1, 2, 0, 1, 0, 0, 3]]  # unbalanced, so that the last bias changes
STATISTICS = ("moving_mean", "moving_variance")


CASES = [
    *(("smallcnn", depth) for depth in (0, 1, 4, 9, 0.5, "all")),
    *(("mobilenetv2", depth) for depth in (9, "all")),
]


@pytest.fixture(scope="module")
def models() -> dict[str, tuple[keras.Model, list[np.ndarray]]]:
    keras.utils.set_random_seed(0)
    configs = [SmallCNN("smallcnn", None, None), MobileNetV2("mobilenetv2", None, None, 0.35)]
    built = {config.name: build(config, HEAD, (32, 32), classes=4, weights=None) for config in configs}
    return {name: (model, model.get_weights()) for name, model in built.items()}


def fresh(models: dict[str, tuple[keras.Model, list[np.ndarray]]], name: str) -> keras.Model:
    model, weights = models[name]
    model.set_weights(weights)
    return model


def changed(model: keras.Model) -> set[str]:
    """The paths of the variables that one training step changes."""
    # Lion steps by the gradient's sign, so that the tiny gradients of a random network show, too. Tracing a graph for
    # one step would take longer than the step.
    model.compile(optimizer=keras.optimizers.Lion(1e-3), loss="categorical_crossentropy", run_eagerly=True)
    before = {variable.path: np.array(variable) for variable in model.weights}
    model.train_on_batch(IMAGES, LABELS)
    return {variable.path for variable in model.weights if not np.array_equal(before[variable.path], variable)}


@pytest.mark.parametrize("batch_norm", [False, True], ids=["frozen", "train"])
@pytest.mark.parametrize(("name", "depth"), CASES)
def test_only_unfrozen_variables_change(models, name, depth, batch_norm) -> None:
    model = fresh(models, name)
    layers = backbone_of(model).layers
    last = len(layers) if depth == "all" else int(depth * len(layers)) if isinstance(depth, float) else depth
    first = len(layers) - last
    counted = set_trainable(model, first, batch_norm)

    expected = {weight.path for k in ("dense1", "probabilities") for weight in model.get_layer(k).weights}
    for layer in layers[first:]:
        if batch_norm or not isinstance(layer, keras.layers.BatchNormalization):
            expected |= {weight.path for weight in layer.weights}
    assert changed(model) == expected

    trained = [weight for weight in model.weights if weight.path in expected and weight.name not in STATISTICS]
    assert counted.parameters == sum(int(np.prod(weight.shape)) for weight in trained)
    assert counted.all_parameters == model.count_params()
    with_weights = [layer.name for layer in layers[first:] if layer.trainable_weights]
    assert counted.first_layer == (with_weights[0] if with_weights else "dense1")
    assert counted.layers == len(with_weights) + 2


def test_result_does_not_depend_on_what_was_trainable_before(models) -> None:
    model = fresh(models, "smallcnn")
    first = len(backbone_of(model).layers) - 5
    set_trainable(model, 0, True)
    deep = set_trainable(model, first, False)
    model.trainable = False
    assert set_trainable(model, first, False) == deep
