"""The meaning of `unfreeze`."""

import pytest

from bloodcells.config.errors import InputError
from bloodcells.model.backbones import VGG19, MobileNetV2
from bloodcells.model.depth import depths

# mobilenetv2 has 154 layers; its block16 begins at 143. vgg19 has 22; its block5 begins at 17.
BACKBONES = {"mobilenetv2": MobileNetV2("mobilenetv2", None, None, 1.0), "vgg19": VGG19("vgg19", None, None)}


@pytest.mark.parametrize(
    ("unfreeze", "backbone", "first"),
    [
        (0, "mobilenetv2", [154]),
        (1, "mobilenetv2", [153]),
        (10, "vgg19", [12]),
        (154, "mobilenetv2", [0]),
        ("all", "vgg19", [0]),
        ("block16", "mobilenetv2", [143]),
        ("block5", "vgg19", [17]),
        (0.25, "mobilenetv2", [154 - 38]),  # a quarter of 154 is 38.5, rounded to even
        (1.0, "vgg19", [0]),
        (0.001, "vgg19", [21]),  # at least one layer
        ([10, 0.5, "all"], "vgg19", [12, 11, 0]),
        (["block5", "block4"], "vgg19", [17, 12]),
    ],
)
def test_depth_of_each_kind_of_setting(unfreeze, backbone, first) -> None:
    assert [depth.first for depth in depths(unfreeze, BACKBONES[backbone], 10)] == first


@pytest.mark.parametrize(
    ("unfreeze", "message"),
    [
        (23, "vgg19 has 22 layers; expected 0 to 22, or all"),
        (-1, "expected 0 to 22"),
        (1.5, r"expected a share of the layers in \(0, 1\]"),
        (0.0, r"expected a share of the layers in \(0, 1\]"),
        ("block6", r"vgg19 has the blocks block1, .*did you mean block5"),
        ("everything", "expected one of them, or 0"),
        (True, "expected 0, a number of layers"),
        (None, "expected 0, a number of layers"),
        ([], "expected 0, a number of layers"),
        ([10, 5], "last 5 layers is no deeper than last 10 layers"),
        (["all", "all"], "all is no deeper than all"),
        ([1, 2, 3, 4], "4 steps but training.fine_tuning.epochs=3"),
    ],
)
def test_invalid_settings_are_refused(unfreeze, message) -> None:
    with pytest.raises(InputError, match=message):
        depths(unfreeze, BACKBONES["vgg19"], 3)
