"""Folds batch normalization into the convolution before it, which saves a pass over the activations."""

from typing import Any

import keras
from keras import layers, ops

CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)


class FoldedConvolution(layers.Layer):
    """A convolution with the batch normalization after it, both in inference mode.

    It uses the variables of the two layers and scales the kernel at each call: for w weights and n activations, w
    multiplications replace n multiplications and n additions. Jacob et al. 2018, arXiv:1712.05877, section 3.2.
    """

    def __init__(self, convolution: keras.Layer, normalization: layers.BatchNormalization) -> None:
        """convolution: one of CONVOLUTIONS, without activation."""
        super().__init__(name=f"{convolution.name}_folded", dtype=convolution.dtype_policy)
        self._convolution, self._normalization = convolution, normalization
        self.built = True  # its variables exist already

    def call(self, inputs: Any) -> Any:
        """Features (b, h, w, c) after both layers."""
        convolution, normalization = self._convolution, self._normalization
        scale = ops.rsqrt(normalization.moving_variance + normalization.epsilon)
        if normalization.scale:
            scale = scale * normalization.gamma
        offset = -normalization.moving_mean
        if convolution.use_bias:
            offset = offset + convolution.bias
        offset = offset * scale
        if normalization.center:
            offset = offset + normalization.beta
        return self._convolved(inputs, scale) + ops.cast(offset, self.compute_dtype)

    def _convolved(self, inputs: Any, scale: Any) -> Any:
        """The convolution with its output channels scaled, without its bias."""
        convolution = self._convolution
        settings = {
            "strides": convolution.strides,
            "padding": convolution.padding,
            "dilation_rate": convolution.dilation_rate,
        }
        if isinstance(convolution, layers.SeparableConv2D):
            pointwise = ops.cast(convolution.pointwise_kernel * scale, self.compute_dtype)
            return ops.separable_conv(inputs, convolution.depthwise_kernel, pointwise, **settings)
        kernel = convolution.kernel
        if isinstance(convolution, layers.DepthwiseConv2D):
            scaled = ops.cast(kernel * ops.reshape(scale, kernel.shape[2:]), self.compute_dtype)
            return ops.depthwise_conv(inputs, scaled, **settings)
        return ops.conv(inputs, ops.cast(kernel * scale, self.compute_dtype), **settings)


def folded(model: keras.Model, *, only_frozen: bool = False, any_size: bool = False) -> keras.Model:
    """A model with the same variables and outputs, in which convolutions include their batch normalization.

    Outputs agree up to rounding. Batch normalization that follows no convolution directly remains.

    model: as returned by `build` or `restore`; it is not changed
    only_frozen: folds frozen batch normalization only, so that the result can be trained; otherwise it folds all and
        the result is for inference
    any_size: whether the result takes images of any size

    Example:
        >>> folded(model)(images, training=False)
    """
    unfolded: dict[
        int, tuple[keras.Layer, Any, Any]
    ] = {}  # by the id of its output: a convolution, its input and output

    def share(layer: Any) -> Any:
        nested = isinstance(layer, keras.Model) and not isinstance(layer, keras.Sequential)
        return folded(layer, only_frozen=only_frozen, any_size=any_size) if nested else layer

    def call(layer: Any, *args: Any, **settings: Any) -> Any:
        normalizes = isinstance(layer, layers.BatchNormalization) and not (only_frozen and layer.trainable)
        if normalizes and id(args[0]) in unfolded:
            convolution, inputs, _ = unfolded[id(args[0])]
            return FoldedConvolution(convolution, layer)(inputs)
        output = layer(*args, **settings)
        if type(layer) in CONVOLUTIONS and layer.activation is keras.activations.linear:
            unfolded[id(output)] = (layer, args[0], output)
        return output

    images = model.inputs[0]
    shape = (None, None, images.shape[-1]) if any_size else images.shape[1:]
    inputs = keras.Input(shape, dtype=images.dtype, name=images.name)
    return keras.models.clone_model(model, inputs, clone_function=share, call_function=call)
