"""The catalogue's figures against the networks themselves and against Keras's own addresses."""

import keras
import pytest
from keras.src.applications import convnext, efficientnet_v2, mobilenet_v2, vgg19

from bloodcells.config.options import options
from bloodcells.config.schema import Backbone, Head, MobileNetV2
from bloodcells.model.build import backbone_of, build
from bloodcells.model.catalogue import CATALOGUE

# The layer that a block begins with, by its name in Keras; "{n}" stands for the block's number.
FIRST_LAYERS = {
    "vgg19": {"block": "block{n}_conv1"},
    "convnextlarge": {"stem": "convnext_large_stem", "stage": "convnext_large_", "top": "layer_normalization"},
    "convnexttiny": {"stem": "convnext_tiny_stem", "stage": "convnext_tiny_", "top": "layer_normalization"},
    "efficientnetv2l": {"stem": "stem_conv", "block": "block{n}a_", "top": "top_conv"},
    "efficientnetv2s": {"stem": "stem_conv", "block": "block{n}a_", "top": "top_conv"},
    "efficientnetv2b0": {"stem": "stem_conv", "block": "block{n}a_", "top": "top_conv"},
    "mobilenetv2": {"stem": "Conv1", "block": "block_{n}_expand", "top": "Conv_1"},
    "smallcnn": {"stem": "stem_conv", "block": "block{n}_down_conv"},
}


def test_every_backbone_of_the_config_is_in_the_catalogue() -> None:
    assert set(CATALOGUE) == set(options("backbone"))


@pytest.mark.parametrize("name", CATALOGUE)
def test_layers_and_blocks_are_where_the_catalogue_says(name) -> None:
    keras.backend.clear_session()
    facts = CATALOGUE[name]
    settings = {"name": name, "weights": None, "input_size": facts.smallest_size}
    config = MobileNetV2(**settings, alpha=0.35) if name == "mobilenetv2" else Backbone(**settings)
    layers = backbone_of(build(config, Head("linear", [], []), (32, 32), 2, None)).layers
    assert len(layers) == facts.layers
    assert list(facts.blocks.values()) == sorted(facts.blocks.values())
    for block, first in facts.blocks.items():
        kind = block.rstrip("0123456789")
        number = block.removeprefix(kind)
        expected = FIRST_LAYERS[name][kind].format(n=number)
        if (name, block) == ("mobilenetv2", "block0"):
            expected = "expanded_conv_depthwise"
        if kind == "stage":  # the first begins with its first layer, the others with the downsampling before it
            expected += "stage_0_block_0_depthwise_conv" if number == "0" else f"downsampling_block_{int(number) - 1}"
        assert layers[first].name.startswith(expected), block
        # and nothing of the block comes before it
        assert not any(layer.name.startswith(expected) for layer in layers[:first])


def test_weights_are_where_keras_has_them() -> None:
    assert CATALOGUE["vgg19"].weights_url == vgg19.WEIGHTS_PATH_NO_TOP
    for name, variant in (("efficientnetv2l", "-l"), ("efficientnetv2s", "-s"), ("efficientnetv2b0", "b0")):
        key = variant if variant.startswith("-") else f"-{variant}"
        facts = CATALOGUE[name]
        assert facts.weights_url == f"{efficientnet_v2.BASE_WEIGHTS_PATH}efficientnetv2{key}_notop.h5"
        assert facts.weights_hash == f"md5:{efficientnet_v2.WEIGHTS_HASHES[variant][1]}"
    for name, variant in (("convnextlarge", "convnext_large"), ("convnexttiny", "convnext_tiny")):
        facts = CATALOGUE[name]
        assert facts.weights_url == f"{convnext.BASE_WEIGHTS_PATH}{variant}_notop.h5"
        assert facts.weights_hash == f"sha256:{convnext.WEIGHTS_HASHES[variant][1]}"
    expected = mobilenet_v2.BASE_WEIGHT_PATH + "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5"
    assert CATALOGUE["mobilenetv2"].weights_url.format(alpha=1.0, size=96) == expected
