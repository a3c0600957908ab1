"""The small backbone of our own, for runs from random weights on a processor."""

import keras
from keras import layers

WIDTHS = (32, 64, 96)


def smallcnn(input_shape: tuple[int, int, int]) -> keras.Model:
    """A residual network (He et al. 2016, arXiv:1512.03385) of a stem and three blocks, 0.3 million parameters.

    Takes float (n, height, width, 3) around 0 and gives features (n, height / 16, width / 16, 96).
    """
    inputs = keras.Input(input_shape)
    x = _normalised_conv(inputs, 16, "stem", strides=2)
    for number, width in enumerate(WIDTHS, start=1):
        x = _normalised_conv(x, width, f"block{number}_down", strides=2)
        y = _normalised_conv(x, width, f"block{number}_residual")
        x = layers.Add(name=f"block{number}_add")([x, y])
    return keras.Model(inputs, x, name="smallcnn")


def _normalised_conv(x: keras.KerasTensor, width: int, name: str, strides: int = 1) -> keras.KerasTensor:
    x = layers.Conv2D(width, 3, strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.97, name=f"{name}_bn")(x)  # few steps: statistics must settle sooner
    return layers.ReLU(name=f"{name}_relu")(x)
