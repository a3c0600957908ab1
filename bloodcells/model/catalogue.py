"""Facts about each backbone, as data: what it is built by, its sizes, where its blocks begin, its ImageNet weights.

Layers are counted as in `backbone.layers`, the input and layers without weights included, with `include_top=False` and
no pooling. tests/model/test_catalogue.py holds every figure against the networks themselves. Nothing here needs
TensorFlow, so a config can be checked in no time.
"""

from dataclasses import dataclass

KERAS_WEIGHTS = "https://storage.googleapis.com/tensorflow/keras-applications/"


@dataclass(frozen=True)
class Facts:
    """One backbone.

    builder: what keras.applications calls it; our own is in smallcnn.py
    preprocessing: the module of keras.applications whose `preprocess_input` it wants
    native_size: pixels a side that its ImageNet weights were trained at
    smallest_size: fewest pixels a side it can be built for
    layers: how many it has
    blocks: the index of the layer at which each block begins, from the input on
    weights_url: its ImageNet weights without the top; {alpha} and {size} stand for the width and the input's side
    weights_hash: of that file, "md5:..." or "sha256:...", where Keras publishes one
    """

    builder: str
    preprocessing: str
    native_size: int
    smallest_size: int
    layers: int
    blocks: dict[str, int]
    weights_url: str | None = None
    weights_hash: str | None = None


def _efficientnet(variant: str, size: int, layers: int, starts: tuple[int, ...], weights_hash: str) -> Facts:
    names = ["stem", *(f"block{number}" for number in range(1, len(starts) - 1)), "top"]
    return Facts(
        builder=f"EfficientNetV2{variant}",
        preprocessing="efficientnet_v2",
        native_size=size,
        smallest_size=32,
        layers=layers,
        blocks=dict(zip(names, starts, strict=True)),
        weights_url=f"{KERAS_WEIGHTS}efficientnet_v2/efficientnetv2-{variant.lower()}_notop.h5",
        weights_hash=weights_hash,
    )


def _convnext(variant: str, layers: int, starts: tuple[int, ...], weights_hash: str) -> Facts:
    # A stage begins with the downsampling layer before it.
    names = ["stem", *(f"stage{number}" for number in range(4)), "top"]
    return Facts(
        builder=f"ConvNeXt{variant}",
        preprocessing="convnext",
        native_size=224,
        smallest_size=32,
        layers=layers,
        blocks=dict(zip(names, starts, strict=True)),
        weights_url=f"{KERAS_WEIGHTS}convnext/convnext_{variant.lower()}_notop.h5",
        weights_hash=weights_hash,
    )


CATALOGUE = {
    "vgg19": Facts(
        builder="VGG19",
        preprocessing="vgg19",
        native_size=224,
        smallest_size=32,
        layers=22,
        blocks={"block1": 1, "block2": 4, "block3": 7, "block4": 12, "block5": 17},
        weights_url=f"{KERAS_WEIGHTS}vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_hash="md5:253f8cb515780f3b799900260a226db6",
    ),
    "convnextlarge": _convnext(
        "Large", 259, (2, 3, 24, 46, 236, 258),
        "sha256:96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd"
    ),
    "convnexttiny": _convnext(
        "Tiny", 133, (2, 3, 24, 46, 110, 132),
        "sha256:d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1"
    ),
    "efficientnetv2l": _efficientnet(
        "L", 480, 1028, (2, 5, 24, 71, 118, 266, 549, 922, 1025), "md5:b0b66b5c863aef5b46e8608fe1711615"
    ),
    "efficientnetv2s": _efficientnet(
        "S", 384, 513, (2, 5, 14, 40, 66, 154, 287, 510), "md5:af0682fb74e8c54910f2d4393339c070"
    ),
    "efficientnetv2b0": _efficientnet(
        "B0", 224, 270, (3, 6, 9, 21, 33, 76, 149, 267), "md5:893217f2bb855e2983157299931e43ff"
    ),
    "mobilenetv2": Facts(
        builder="MobileNetV2",
        preprocessing="mobilenet_v2",
        native_size=224,
        smallest_size=32,
        layers=154,
        blocks={
            "stem": 1, "block0": 4, "block1": 9, "block2": 18, "block3": 27, "block4": 36, "block5": 45, "block6": 54,
            "block7": 63, "block8": 72, "block9": 81, "block10": 90, "block11": 98, "block12": 107, "block13": 116,
            "block14": 125, "block15": 134, "block16": 143, "top": 151,
        },
        weights_url=KERAS_WEIGHTS
        + "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_{size}_no_top.h5",
    ),
    "smallcnn": Facts(
        builder="smallcnn",
        preprocessing="mobilenet_v2",
        native_size=96,
        smallest_size=32,
        layers=25,
        blocks={"stem": 1, "block1": 4, "block2": 11, "block3": 18},
    ),
}  # fmt: skip
