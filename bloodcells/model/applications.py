"""Networks of keras.applications: the base class of the named options, and `backbone=keras` for any network."""

import inspect
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from bloodcells.config.errors import InputError
from bloodcells.config.explain import nearest
from bloodcells.config.options import option
from bloodcells.config.schema import Backbone, Download, Layout
from bloodcells.model.layout import SIDE, layout, symbolic
from bloodcells.reporting.quiet_tensorflow import import_tensorflow

if TYPE_CHECKING:
    import keras

Builder = Callable[..., "keras.Model"]


class Application(Backbone):
    """A network of keras.applications without its top, preprocessed by the module that defines it.

    network: its name in keras.applications. Not a dataclass, since only `backbone=keras` has `network` as a key.
    """

    network: str

    def build(self, shape: tuple[int, int, int]) -> "keras.Model":
        return self.builder()(include_top=False, weights=None, input_shape=shape, pooling=None, **self.arguments())

    def preprocess(self, images: "keras.KerasTensor") -> "keras.KerasTensor":
        module: Any = inspect.getmodule(self.builder())
        return module.preprocess_input(images)

    def arguments(self) -> dict[str, Any]:
        """Further arguments of the builder, from keys of the option, such as the network's width."""
        return {}

    def builder(self) -> Builder:
        """The function that builds the network. Raises InputError for an unknown name."""
        import_tensorflow()
        import keras

        known = dict(inspect.getmembers(keras.applications, inspect.isfunction))
        if self.network not in known:
            raise InputError(
                f"backbone.network={self.network}: expected a network of keras.applications"
                f"{nearest(self.network, known) or ', one of ' + ', '.join(known)}"
            )
        return known[self.network]


@option("backbone", "keras")
@dataclass(kw_only=True)
class KerasBackbone(Application):
    """Any network of keras.applications, by name. Smallest size, layout and download are derived from the network."""

    network: str

    @property
    def label(self) -> str:
        return self.network

    def check(self) -> None:
        self.builder()

    def build(self, shape: tuple[int, int, int]) -> "keras.Model":
        # Keras scales the input of EfficientNet once more when it is built for ImageNet weights.
        return built_for_imagenet(self.builder(), shape)[0] if self.weights == "imagenet" else super().build(shape)

    @property
    def smallest_size(self) -> int:
        return _smallest_size(self.builder())

    @property
    def layout(self) -> Layout:
        return _layout_and_download(self.builder(), self.weights == "imagenet")[0]

    @property
    def download(self) -> Download | None:
        return _layout_and_download(self.builder(), True)[1]


def built_for_imagenet(builder: Builder, shape: tuple[int, int, int]) -> "tuple[keras.Model, Download | None]":
    """The network that Keras builds for ImageNet weights, without loading them, and their download."""
    import keras
    from keras.src.utils import file_utils

    downloads = []

    def get_file(fname: str, origin: str, *, cache_subdir: str, file_hash: str | None = None) -> None:
        algorithm = "sha256" if file_hash and len(file_hash) == 64 else "md5"
        downloads.append(Download(origin, fname, file_hash and f"{algorithm}:{file_hash}"))

    with (
        patch.object(file_utils, "get_file", get_file),
        patch.object(keras.Model, "load_weights"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # MobileNet warns about sizes without weights of their own
        network = builder(include_top=False, weights="imagenet", input_shape=shape, pooling=None)
    return network, downloads[0] if downloads else None


@cache
def _layout_and_download(builder: Builder, imagenet: bool) -> tuple[Layout, Download | None]:
    """The layout of a network as built with or without ImageNet weights, and the download of the weights."""
    shape = (SIDE, SIDE, 3)
    with symbolic():
        if imagenet:
            network, download = built_for_imagenet(builder, shape)
        else:
            network, download = builder(include_top=False, weights=None, input_shape=shape), None
        return layout(network), download


@cache
def _smallest_size(builder: Builder) -> int:
    """The smallest side that Keras accepts, from its error for a smaller one, raised before any layer is created."""
    try:
        builder(include_top=False, weights=None, input_shape=(1, 1, 3))
    except ValueError as error:
        if match := re.search(r"at least (\d+)x", str(error)):
            return int(match[1])
        raise
    return 1
