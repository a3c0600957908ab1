"""Folded batch normalization: the same outputs and gradients as Keras's own layers, with the same variables."""

import keras
import numpy as np
import pytest
from keras import layers

from bloodcells.model.backbones import SmallCNN
from bloodcells.model.build import build
from bloodcells.model.folding import FoldedConvolution, folded
from bloodcells.model.heads import Dense

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(3, 9, 7, 4)).astype(np.float32)
KINDS = {
    "conv": lambda: layers.Conv2D(8, 3, strides=2, padding="same"),
    "no bias, dilated": lambda: layers.Conv2D(8, 3, dilation_rate=2, use_bias=False),
    "grouped": lambda: layers.Conv2D(8, 3, groups=2),
    "depthwise": lambda: layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2, padding="same", use_bias=False),
    "separable": lambda: layers.SeparableConv2D(8, 3, padding="same"),
}


def randomized(model: keras.Model) -> keras.Model:
    """The model with random weights, so that no variable of a batch normalization has a neutral value."""
    for variable in model.variables:
        if "seed" not in variable.path:
            variable.assign(RNG.uniform(0.5, 1.5, variable.shape) * RNG.choice([1, -1], variable.shape))
        if variable.path.endswith("variance"):
            variable.assign(np.abs(variable))
    return model


def with_norm(convolution: keras.Layer, **settings: bool) -> keras.Model:
    inputs = keras.Input(IMAGES.shape[1:])
    x = layers.BatchNormalization(**settings)(convolution(inputs))
    return randomized(keras.Model(inputs, layers.ReLU()(x)))


def normalizations(model: keras.Model) -> int:
    return sum(isinstance(layer, layers.BatchNormalization) for layer in model.layers)


def assert_same(model: keras.Model, other: keras.Model, images: np.ndarray = IMAGES) -> None:
    expected = np.array(model(images, training=False))
    assert np.allclose(np.array(other(images, training=False)), expected, rtol=1e-5, atol=1e-5 * expected.max())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_convolution_is_folded(kind) -> None:
    model = with_norm(KINDS[kind]())
    result = folded(model)
    assert normalizations(result) == 0
    assert_same(model, result)
    assert {id(variable) for variable in result.variables} == {id(variable) for variable in model.variables}


@pytest.mark.parametrize("settings", [{"scale": False}, {"center": False}, {"epsilon": 0.5}])
def test_settings_of_the_normalization_count(settings) -> None:
    model = with_norm(KINDS["conv"](), **settings)
    assert_same(model, folded(model))


def test_gradients_are_those_of_the_separate_layers() -> None:
    import tensorflow as tf

    model = with_norm(KINDS["depthwise"]())
    model.layers[2].trainable = False
    results = []
    for network in (model, folded(model, only_frozen=True)):
        with tf.GradientTape() as tape:
            loss = keras.ops.sum(network(IMAGES, training=True) ** 2)
        (variable,) = network.trainable_variables
        results.append(np.array(tape.gradient(loss, variable.value)))
    assert np.allclose(*results, rtol=1e-4, atol=1e-5 * np.abs(results[0]).max())


def test_only_frozen_normalization_is_folded_for_training() -> None:
    model = with_norm(KINDS["conv"]())
    assert normalizations(folded(model, only_frozen=True)) == 1
    model.layers[2].trainable = False
    assert normalizations(folded(model, only_frozen=True)) == 0


def test_what_cannot_be_folded_remains() -> None:
    inputs = keras.Input(IMAGES.shape[1:])
    active = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same", activation="relu")(inputs))
    first = layers.BatchNormalization()(inputs)
    convolved = layers.Conv2D(4, 3, padding="same")(first)
    used_twice = layers.BatchNormalization()(convolved)
    model = randomized(keras.Model(inputs, layers.Concatenate()([active, first, convolved, used_twice])))
    result = folded(model)
    assert normalizations(result) == 2
    assert sum(isinstance(layer, FoldedConvolution) for layer in result.layers) == 1
    assert_same(model, result)


def test_a_whole_model_is_folded_and_follows_its_weights() -> None:
    model = build(SmallCNN("smallcnn", None, None), Dense("dense", [16], [0.5]), (32, 32), classes=5, weights=None)
    images = RNG.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    result = folded(model)
    assert_same(randomized(model), result, images)
    assert_same(randomized(model), result, images)
