"""Backbones and heads: conf/backbone/ and conf/head/."""

import os
from dataclasses import dataclass

from bloodcells.config.schema.ranges import within


@dataclass
class Backbone:
    """`weights`: imagenet, None (random) or a file; `input_size`: pixels a side, None for the images' own."""

    name: str
    weights: str | None
    input_size: int | None = within("[1, inf)")

    def __post_init__(self) -> None:
        if self.weights not in (None, "imagenet"):
            self.weights = os.path.abspath(self.weights)  # so that a finished run's are found from any folder


@dataclass
class MobileNetV2(Backbone):
    """`alpha` is its width."""

    alpha: float = within("(0, inf)")


@dataclass
class Head:
    """Dense layers between pooling and softmax: the units of each, and the share dropped after it."""

    name: str
    units: list[int] = within("[1, inf)")
    dropout: list[float] = within("[0, 1)")
