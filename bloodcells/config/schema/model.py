"""Backbones and heads: conf/backbone/ and conf/head/."""

import os
from dataclasses import dataclass

from bloodcells.config.errors import InputError
from bloodcells.config.options import option
from bloodcells.config.schema.ranges import within


@option("backbone", "smallcnn")
@option("backbone", "efficientnetv2b0")
@option("backbone", "efficientnetv2s")
@option("backbone", "efficientnetv2l")
@option("backbone", "convnexttiny")
@option("backbone", "convnextlarge")
@option("backbone", "vgg19")
@dataclass
class Backbone:
    """`weights`: imagenet, None (random) or a file; `input_size`: pixels a side, None for the images' own."""

    name: str
    weights: str | None
    input_size: int | None = within("[1, inf)")

    def __post_init__(self) -> None:
        if self.weights not in (None, "imagenet"):
            self.weights = os.path.abspath(self.weights)  # so that a finished run's are found from any folder


@option("backbone", "mobilenetv2")
@dataclass
class MobileNetV2(Backbone):
    """`alpha` is its width."""

    alpha: float = within("(0, inf)")


@option("head", "linear")
@option("head", "dense")
@dataclass
class Head:
    """Dense layers between pooling and softmax: the units of each, and the share dropped after it."""

    name: str
    units: list[int] = within("[1, inf)")
    dropout: list[float] = within("[0, 1)")

    def check(self) -> None:
        if bool(self.units) == (self.name == "linear"):
            raise InputError(
                f"head.units={self.units}: expected none with head=linear, and one or more with head=dense; "
                f"received head.name={self.name}"
            )
        if len(self.units) != len(self.dropout):
            raise InputError(
                f"head.dropout={self.dropout}: expected one rate for each of the {len(self.units)} dense layers "
                f"in head.units={self.units}"
            )
