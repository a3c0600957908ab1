"""Backbones: the options of conf/backbone/.

An option declares sizes, layout and download so that a config can be checked without TensorFlow; anything else is
derived from its network. The tests compare the declarations with the networks.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bloodcells.config.errors import InputError
from bloodcells.config.options import option
from bloodcells.config.schema import Backbone, Download, Layout
from bloodcells.config.schema.ranges import within
from bloodcells.model.applications import Application

if TYPE_CHECKING:
    import keras

KERAS_WEIGHTS = "https://storage.googleapis.com/tensorflow/keras-applications/"
MOBILENET_WIDTHS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)  # that have ImageNet weights
MOBILENET_SIZES = (96, 128, 160, 192, 224)  # pixels per side that they were trained at


def _download(path: str, weights_hash: str | None = None) -> Download:
    """Weights on Keras's server, stored under the same file name in its cache."""
    return Download(KERAS_WEIGHTS + path, path.rpartition("/")[2], weights_hash)


def _blocks(names: str, *starts: int) -> dict[str, int]:
    return dict(zip(names.split(), starts, strict=True))


@option("backbone", "vgg19")
@dataclass
class VGG19(Application):
    """VGG19, Simonyan and Zisserman 2015, arXiv:1409.1556."""

    network = "VGG19"
    smallest_size = 32
    layout = Layout(22, _blocks("block1 block2 block3 block4 block5", 1, 4, 7, 12, 17))
    download = _download(
        "vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5", "md5:253f8cb515780f3b799900260a226db6"
    )


@option("backbone", "convnexttiny")
@dataclass
class ConvNeXtTiny(Application):
    """ConvNeXt-Tiny, Liu et al. 2022, arXiv:2201.03545. A stage includes the downsampling layer before it."""

    network = "ConvNeXtTiny"
    smallest_size = 32
    layout = Layout(133, _blocks("stem stage0 stage1 stage2 stage3 top", 2, 3, 24, 46, 110, 132))
    download = _download(
        "convnext/convnext_tiny_notop.h5", "sha256:d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1"
    )


@option("backbone", "convnextlarge")
@dataclass
class ConvNeXtLarge(Application):
    """ConvNeXt-Large, Liu et al. 2022, arXiv:2201.03545."""

    network = "ConvNeXtLarge"
    smallest_size = 32
    layout = Layout(259, _blocks("stem stage0 stage1 stage2 stage3 top", 2, 3, 24, 46, 236, 258))
    download = _download(
        "convnext/convnext_large_notop.h5", "sha256:96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd"
    )


@option("backbone", "convnextxlarge")
@dataclass
class ConvNeXtXLarge(Application):
    """ConvNeXt-XLarge, Liu et al. 2022, arXiv:2201.03545."""

    network = "ConvNeXtXLarge"
    smallest_size = 32
    layout = Layout(259, _blocks("stem stage0 stage1 stage2 stage3 top", 2, 3, 24, 46, 236, 258))
    download = _download(
        "convnext/convnext_xlarge_notop.h5", "sha256:de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05"
    )


@option("backbone", "efficientnetv2b0")
@dataclass
class EfficientNetV2B0(Application):
    """EfficientNetV2-B0, Tan and Le 2021, arXiv:2104.00298."""

    network = "EfficientNetV2B0"
    smallest_size = 32
    layout = Layout(270, _blocks("stem block1 block2 block3 block4 block5 block6 top", 3, 6, 9, 21, 33, 76, 149, 267))
    download = _download("efficientnet_v2/efficientnetv2-b0_notop.h5", "md5:893217f2bb855e2983157299931e43ff")


@option("backbone", "efficientnetv2s")
@dataclass
class EfficientNetV2S(Application):
    """EfficientNetV2-S, Tan and Le 2021, arXiv:2104.00298."""

    network = "EfficientNetV2S"
    smallest_size = 32
    layout = Layout(513, _blocks("stem block1 block2 block3 block4 block5 block6 top", 2, 5, 14, 40, 66, 154, 287, 510))
    download = _download("efficientnet_v2/efficientnetv2-s_notop.h5", "md5:af0682fb74e8c54910f2d4393339c070")


@option("backbone", "efficientnetv2l")
@dataclass
class EfficientNetV2L(Application):
    """EfficientNetV2-L, Tan and Le 2021, arXiv:2104.00298."""

    network = "EfficientNetV2L"
    smallest_size = 32
    layout = Layout(
        1028,
        _blocks("stem block1 block2 block3 block4 block5 block6 block7 top", 2, 5, 24, 71, 118, 266, 549, 922, 1025),
    )
    download = _download("efficientnet_v2/efficientnetv2-l_notop.h5", "md5:b0b66b5c863aef5b46e8608fe1711615")


@option("backbone", "mobilenetv2")
@dataclass
class MobileNetV2(Application):
    """MobileNetV2, Sandler et al. 2018, arXiv:1801.04381. `alpha`: width multiplier."""

    alpha: float = within("(0, inf)")

    network = "MobileNetV2"
    smallest_size = 32
    layout = Layout(
        154,
        _blocks(
            f"stem {' '.join(f'block{number}' for number in range(17))} top",
            *(1, 4, 9, 18, 27, 36, 45, 54, 63, 72, 81, 90, 98, 107, 116, 125, 134, 143, 151),
        ),
    )

    def arguments(self) -> dict[str, Any]:
        return {"alpha": self.alpha}

    @property
    def download(self) -> Download:
        """Raises InputError for a width without ImageNet weights."""
        if self.alpha not in MOBILENET_WIDTHS:
            widths = ", ".join(map(str, MOBILENET_WIDTHS))
            raise InputError(
                f"backbone.alpha={self.alpha}: ImageNet weights exist for {widths}; expected one of these, or "
                "backbone.weights=null"
            )
        # The weights fit images of any size. Keras has a file for each of several training sizes.
        size = self.input_size if self.input_size in MOBILENET_SIZES else 224
        return _download(f"mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{self.alpha}_{size}_no_top.h5")


@option("backbone", "smallcnn")
@dataclass
class SmallCNN(Backbone):
    """A small residual network (He et al. 2016, arXiv:1512.03385) for quick runs from random weights.

    A stem and three blocks, 0.3 million parameters. Feature maps are (height / 16, width / 16, 96).
    """

    smallest_size = 32
    layout = Layout(25, _blocks("stem block1 block2 block3", 1, 4, 11, 18))

    def build(self, shape: tuple[int, int, int]) -> "keras.Model":
        import keras
        from keras import layers

        def conv_norm_relu(x: keras.KerasTensor, width: int, name: str, *, strides: int = 1) -> keras.KerasTensor:
            x = layers.Conv2D(width, 3, strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
            # In short runs the statistics must converge faster than with Keras's default of 0.99.
            x = layers.BatchNormalization(momentum=0.97, name=f"{name}_bn")(x)
            return layers.ReLU(name=f"{name}_relu")(x)

        inputs = keras.Input(shape)
        x = conv_norm_relu(inputs, 16, "stem", strides=2)
        for number, width in enumerate((32, 64, 96), start=1):
            x = conv_norm_relu(x, width, f"block{number}_down", strides=2)
            y = conv_norm_relu(x, width, f"block{number}_residual")
            x = layers.Add(name=f"block{number}_add")([x, y])
        return keras.Model(inputs, x, name="smallcnn")
