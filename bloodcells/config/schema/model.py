"""The contracts of backbones and heads: conf/backbone/ and conf/head/. Their options live in bloodcells/model/."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bloodcells.config.schema.ranges import within

if TYPE_CHECKING:  # options are checked before TensorFlow is imported
    import keras


@dataclass(frozen=True)
class Layout:
    """The layers of a backbone, counted as in `network.layers`: the input and layers without weights included.

    layers: their number; blocks: the index of the first layer of each block, in ascending order
    """

    layers: int
    blocks: dict[str, int]


@dataclass(frozen=True)
class Download:
    """ImageNet weights without the top: `file` in Keras's cache, "md5:..." or "sha256:..." where Keras has a hash."""

    url: str
    file: str
    hash: str | None = None


@dataclass
class Backbone:
    """A network that turns images into feature maps.

    An option implements `build`. It may override `preprocess` and, as attributes or properties,
    `smallest_size`, `layout` and `download`.

    weights: "imagenet", None for random weights, or the path of a weights file
    input_size: pixels per side that images are resized to inside the model; None keeps their size
    """

    name: str
    weights: str | None
    input_size: int | None = within("[1, inf)")

    def __post_init__(self) -> None:
        if self.weights not in (None, "imagenet"):
            self.weights = os.path.abspath(self.weights)  # so that a stored config is valid in any folder

    @property
    def label(self) -> str:
        """The backbone's name in descriptions and messages."""
        return self.name

    def build(self, shape: tuple[int, int, int]) -> "keras.Model":
        """The network with random weights, from (height, width, 3) to feature maps (h, w, channels).

        Imports Keras inside, so that a config can be checked before TensorFlow is imported.
        """
        raise NotImplementedError(f"backbone={self.name} has no method build(shape)")

    def preprocess(self, images: "keras.KerasTensor") -> "keras.KerasTensor":
        """Scales RGB in 0..255 to the input that the network expects; by default to -1..1."""
        return images / 127.5 - 1.0

    @property
    def smallest_size(self) -> int:
        """The smallest image side, in pixels, that the network can be built for."""
        return 1

    @property
    def layout(self) -> Layout | None:
        """Its layers and blocks, whose number must not depend on the image size.

        None: derived from the network, so that checking `unfreeze` needs TensorFlow.
        """
        return None

    @property
    def download(self) -> Download | None:
        """Where its ImageNet weights come from; None if there are none."""
        return None


@dataclass
class Head:
    """The layers between the pooled features and the class probabilities. An option implements `layers`."""

    name: str

    def layers(self) -> "list[keras.layers.Layer]":
        """New layers, applied in this order to features (n, channels); a softmax layer follows them.

        Imports Keras inside, so that a config can be checked before TensorFlow is imported.
        """
        raise NotImplementedError(f"head={self.name} has no method layers()")
