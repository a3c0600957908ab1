"""Networks of keras.applications by name, and their derived facts against numbers of their own."""

import random
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Backbone
from bloodcells.model.applications import KerasBackbone
from bloodcells.model.build import backbone_of, build
from bloodcells.model.depth import depths
from bloodcells.model.heads import Dense
from bloodcells.model.layout import layout_of, symbolic
from bloodcells.model.weights import weights_file

LINEAR = Dense("linear", [], [])


def network(name: str, weights: str | None = None) -> KerasBackbone:
    return KerasBackbone("keras", weights, None, network=name)


# Counted by hand in the networks' layer names; the first layer of each block by its name.
@pytest.mark.parametrize(
    ("name", "count", "first_layers"),
    [
        ("MobileNetV3Small", 157, {"stem": "conv", "expanded_conv1": "expanded_conv_1_expand", "top": "conv_1"}),
        ("DenseNet121", 427, {"conv1": "conv1_conv", "conv3": "pool2_bn", "conv5": "pool4_bn", "top": "bn"}),
        (
            "Xception",
            132,
            {"block1": "block1_conv1", "block5": "batch_normalization_2", "block14": "batch_normalization_3"},
        ),
        pytest.param(
            *("ResNet50", 175, {"conv1": "conv1_pad", "conv2": "pool1_pad", "conv5": "conv5_block1_1_conv"}),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("InceptionV3", 311, {"stem": "conv2d", "mixed1": "conv2d_15", "mixed9": "conv2d_80"}),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_layers_and_blocks_are_derived_from_the_network(name, count, first_layers) -> None:
    with symbolic():
        names = [layer.name for layer in network(name).build((224, 224, 3)).layers]
    facts = layout_of(network(name))
    assert facts.layers == len(names) == count
    assert {block: names[facts.blocks[block]] for block in first_layers} == first_layers
    assert list(facts.blocks.values()) == sorted(facts.blocks.values())


def test_stages_of_a_network_without_numbered_names_begin_where_the_resolution_halves() -> None:
    blocks = layout_of(network("NASNetMobile")).blocks
    assert list(blocks) == ["stage1", "stage2", "stage3", "stage4", "stage5"]
    with symbolic():
        shapes = [layer.output.shape[1] for layer in network("NASNetMobile").build((224, 224, 3)).layers]
    assert [shapes[first] for first in blocks.values()] == [111, 56, 28, 14, 7]
    assert all(shapes[: blocks["stage3"]].count(size) == 0 for size in (28, 14, 7))


@pytest.mark.parametrize(
    ("name", "size", "channels"),
    [
        ("MobileNetV3Small", 32, 576),
        pytest.param("Xception", 71, 2048, marks=pytest.mark.slow),
        pytest.param("DenseNet121", 32, 1024, marks=pytest.mark.slow),
        pytest.param("ResNet50", 32, 2048, marks=pytest.mark.slow),
        pytest.param("NASNetMobile", 32, 1056, marks=pytest.mark.slow),
    ],
)
def test_a_network_works_at_its_smallest_size_and_after_saving(name, size, channels, tmp_path) -> None:
    config = network(name)
    assert config.smallest_size == size
    with pytest.raises(InputError, match=f"{name} needs {size} pixels per side or more, received {size}x{size - 1}"):
        build(config, LINEAR, (size - 1, size), classes=3, weights=None)
    model = build(config, LINEAR, (size, size), classes=3, weights=None)
    assert backbone_of(model).output_shape[-1] == channels
    assert len(backbone_of(model).layers) == layout_of(config).layers
    images = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    probabilities = model.predict(images, verbose=0)
    model.save(tmp_path / "model.keras")
    assert np.array_equal(probabilities, keras.saving.load_model(tmp_path / "model.keras").predict(images, verbose=0))


def test_preprocessing_is_that_of_the_networks_module() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype(np.float32)
    # PyTorch's convention for DenseNet, Caffe's (blue first) for ResNet, none for MobileNetV3.
    by_formula = {
        "DenseNet121": (images / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
        "ResNet50": images[..., ::-1] - [103.939, 116.779, 123.68],
        "Xception": images / 127.5 - 1,
        "MobileNetV3Small": images,
    }
    for name, expected in by_formula.items():
        inputs = keras.Input((8, 8, 3))
        model = keras.Model(inputs, keras.layers.Identity()(network(name).preprocess(inputs)))
        assert np.allclose(model(images), expected, atol=1e-4), name


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("DenseNet12", "; did you mean DenseNet121 or "),
        ("densenet", "; did you mean DenseNet"),  # a module, not a network
        ("mobilenetv3small", "; did you mean MobileNetV3Small"),
        ("x", ", one of ConvNeXtBase, ConvNeXtLarge, "),
    ],
)
def test_unknown_network_is_refused_with_a_suggestion(name, suggestion) -> None:
    with pytest.raises(InputError, match=f"backbone.network={name}: expected a network of keras.applications") as error:
        network(name).check()
    assert suggestion in str(error.value)
    assert "\n" not in str(error.value)


def test_imagenet_weights_are_those_that_keras_would_download() -> None:
    from keras.src.applications import densenet, nasnet

    dense = network("DenseNet121", "imagenet").download
    assert dense.url == densenet.DENSENET121_WEIGHT_PATH_NO_TOP
    assert dense.hash == "md5:30ee3e1110167f948a6b9946edeeb738"
    mobile = network("NASNetMobile", "imagenet").download
    assert (mobile.url, mobile.file) == (nasnet.NASNET_MOBILE_WEIGHT_PATH_NO_TOP, "nasnet_mobile_no_top.h5")


def test_without_a_network_imagenet_weights_are_one_line_with_the_remedy(tmp_path, monkeypatch) -> None:
    def refuse(*arguments, **settings):
        raise OSError("network is unreachable")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("pooch.retrieve", refuse)
    with pytest.raises(InputError) as error:
        weights_file(network("MobileNetV3Small", "imagenet"))
    text = str(error.value)
    name = "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"
    assert (
        "could not download https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v3/" + name in text
    )
    assert f"put it at {tmp_path}/models/{name}" in text
    assert "\n" not in text


def test_a_network_with_imagenet_weights_is_built_as_keras_builds_it(tmp_path) -> None:
    config = network("EfficientNetB0", "imagenet")
    donor = config.build((32, 32, 3))
    donor.save_weights(tmp_path / "w.weights.h5")
    backbone = backbone_of(build(config, LINEAR, (32, 32), classes=3, weights=tmp_path / "w.weights.h5"))
    for ours, theirs in zip(backbone.get_weights(), donor.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
    # Keras scales the input by 1/255 and, for these weights only, by 1/sqrt(std).
    scales = [np.array(layer.scale) for layer in backbone.layers if isinstance(layer, layers.Rescaling)]
    assert np.allclose(scales[1], np.array([0.229, 0.224, 0.225]) ** -0.5)
    assert len(backbone.layers) == layout_of(config).layers == layout_of(network("EfficientNetB0")).layers + 1


def test_layout_of_a_backbone_that_declares_none_is_derived_once_and_leaves_the_random_state() -> None:
    shapes = []

    class Own(Backbone):
        def build(self, shape):
            shapes.append(shape)
            inputs = keras.Input(shape)
            x = layers.Conv2D(8, 3, 2, padding="same", name="block1_conv")(inputs)
            return keras.Model(inputs, layers.Conv2D(8, 3, 2, padding="same", name="block2_conv")(x))

    state = random.getstate()
    for _ in range(3):
        assert [depth.first for depth in depths(["block2", "all"], Own("own", None, 64), 2)] == [2, 0]
    assert shapes == [(64, 64, 3)]
    assert random.getstate() == state


@pytest.mark.slow
def test_deriving_a_layout_leaves_the_number_of_threads_to_be_set() -> None:
    code = (
        "from bloodcells.model.applications import KerasBackbone\n"
        "KerasBackbone('keras', 'imagenet', None, network='MobileNet').layout\n"
        "import tensorflow as tf\n"
        "tf.config.threading.set_intra_op_parallelism_threads(1)\n"  # an error once TensorFlow's runtime has started
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.slow
def test_a_run_with_a_network_of_keras(tiny_run) -> None:
    overrides = ("backbone=keras", "backbone.network=MobileNetV3Small", "backbone.weights=null")
    run = tiny_run(*overrides, "unfreeze=expanded_conv8", "training.fine_tuning.epochs=0")
    assert run.info.status == "FINISHED"
    assert run.data.params["backbone.network"] == "MobileNetV3Small"
