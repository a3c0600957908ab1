"""What the named backbones declare, against the networks themselves and the addresses in Keras."""

import subprocess
import sys

import pytest
from keras.src.applications import convnext, efficientnet_v2, mobilenet_v2, vgg19

from bloodcells.config.options import options
from bloodcells.config.schema import Backbone
from bloodcells.model.backbones import (
    VGG19,
    ConvNeXtLarge,
    ConvNeXtTiny,
    EfficientNetV2B0,
    EfficientNetV2L,
    EfficientNetV2S,
    MobileNetV2,
)
from bloodcells.model.layout import layout, symbolic

# The name in Keras of each block's first layer; "{n}" is the block's number.
FIRST_LAYERS = {
    "vgg19": {"block": "block{n}_conv1"},
    "convnextlarge": {"stem": "convnext_large_stem", "stage": "convnext_large_", "top": "layer_normalization"},
    "convnextxlarge": {"stem": "convnext_xlarge_stem", "stage": "convnext_xlarge_", "top": "layer_normalization"},
    "convnexttiny": {"stem": "convnext_tiny_stem", "stage": "convnext_tiny_", "top": "layer_normalization"},
    "efficientnetv2l": {"stem": "stem_conv", "block": "block{n}a_", "top": "top_conv"},
    "efficientnetv2s": {"stem": "stem_conv", "block": "block{n}a_", "top": "top_conv"},
    "efficientnetv2b0": {"stem": "stem_conv", "block": "block{n}a_", "top": "top_conv"},
    "mobilenetv2": {"stem": "Conv1", "block": "block_{n}_expand", "top": "Conv_1"},
    "smallcnn": {"stem": "stem_conv", "block": "block{n}_down_conv"},
}

# The same families as convnexttiny and efficientnetv2b0.
LARGE = ("convnextlarge", "convnextxlarge", "efficientnetv2l", "efficientnetv2s")


def backbone(name: str) -> Backbone:
    width = {"alpha": 0.35} if name == "mobilenetv2" else {}
    return options("backbone")[name](name, None, None, **width)


def test_every_option_but_keras_declares_its_layout() -> None:
    assert set(FIRST_LAYERS) == set(options("backbone")) - {"keras"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LARGE)) for name in FIRST_LAYERS]
)
def test_declared_and_derived_layouts_match_the_network(name) -> None:
    config = backbone(name)
    with symbolic():
        network = config.build((config.smallest_size, config.smallest_size, 3))
        derived = layout(network)
    layers, blocks = network.layers, config.layout.blocks
    assert len(layers) == config.layout.layers == derived.layers
    assert list(blocks.values()) == sorted(blocks.values())
    for block, first in blocks.items():
        kind = block.rstrip("0123456789")
        number = block.removeprefix(kind)
        expected = FIRST_LAYERS[name][kind].format(n=number)
        if (name, block) == ("mobilenetv2", "block0"):
            expected = "expanded_conv_depthwise"
        if kind == "stage":  # the first begins with its first layer, the others with the downsampling before it
            expected += "stage_0_block_0_depthwise_conv" if number == "0" else f"downsampling_block_{int(number) - 1}"
        assert layers[first].name.startswith(expected), block
        assert not any(layer.name.startswith(expected) for layer in layers[:first]), f"{block} begins earlier"
    # No number is in the names of MobileNetV2's first block, which the rule leaves to the stem.
    assert derived.blocks == {block: first for block, first in blocks.items() if block != "block0"}


@pytest.mark.parametrize("name", [name for name in FIRST_LAYERS if name != "smallcnn"])
def test_declared_smallest_size_is_that_of_keras(name) -> None:
    config = backbone(name)
    with pytest.raises(ValueError, match=f"at least {config.smallest_size}x"):
        config.build((config.smallest_size - 1, config.smallest_size, 3))


def test_imagenet_weights_are_where_keras_has_them() -> None:
    assert VGG19.download.url == vgg19.WEIGHTS_PATH_NO_TOP
    for option, variant in ((EfficientNetV2L, "-l"), (EfficientNetV2S, "-s"), (EfficientNetV2B0, "b0")):
        key = variant if variant.startswith("-") else f"-{variant}"
        assert option.download.url == f"{efficientnet_v2.BASE_WEIGHTS_PATH}efficientnetv2{key}_notop.h5"
        assert option.download.hash == f"md5:{efficientnet_v2.WEIGHTS_HASHES[variant][1]}"
    for option, variant in ((ConvNeXtLarge, "convnext_large"), (ConvNeXtTiny, "convnext_tiny")):
        assert option.download.url == f"{convnext.BASE_WEIGHTS_PATH}{variant}_notop.h5"
        assert option.download.hash == f"sha256:{convnext.WEIGHTS_HASHES[variant][1]}"
    expected = mobilenet_v2.BASE_WEIGHT_PATH + "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5"
    assert MobileNetV2("mobilenetv2", "imagenet", 96, alpha=1.0).download.url == expected


def test_options_and_their_facts_need_no_tensorflow() -> None:
    code = (
        "import sys\n"
        "from bloodcells.config.options import options\n"
        "for name, kind in options('backbone').items():\n"
        "    if name != 'keras':\n"
        "        option = kind(name, None, None, *[1.0] * (name == 'mobilenetv2'))\n"
        "        print(option.smallest_size, option.layout, option.download)\n"
        "options('head')['dense']('dense', [8], [0.5])\n"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
