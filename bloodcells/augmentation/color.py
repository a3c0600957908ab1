"""Random changes of brightness, contrast, saturation and hue."""

import numpy as np

from bloodcells.augmentation.pixels import CHANNELS, HALF, compiled


def color(pixels: np.ndarray, uniforms: np.ndarray, limits: tuple[float, float, float, float]) -> np.ndarray:
    """Changes brightness, contrast, saturation and hue, in this order, each by a random amount up to its limit.

    pixels: uint8 (b, h, w, 3), RGB; uniforms: float64 (b, 4) in [0, 1); limits: of brightness, contrast,
    saturation and hue, as in `steps.Color`. Returns new images of the same shape and type. The operations are those of
    https://www.tensorflow.org/api_docs/python/tf/image, clipped to 0..255 and rounded once, at the end.
    """
    amounts = (2 * uniforms - 1) * limits
    changed = pixels.copy()
    # Contrast scales about the mean, which brightness has shifted: (x - mean) (1 + contrast) + mean + shift.
    offsets = 255 * amounts[:, :1] - amounts[:, 1:2] * _channel_means(changed)
    _change(changed, offsets, 1 + amounts[:, 1], 1 + amounts[:, 2], amounts[:, 3])
    return changed


@compiled
def _channel_means(pixels: np.ndarray) -> np.ndarray:
    """The mean of each channel of each image: float64 (b, 3)."""
    count, height, width, _ = pixels.shape
    sums = np.zeros((count, CHANNELS), np.int64)
    for i in range(count):
        for y in range(height):
            for x in range(width):
                for channel in range(CHANNELS):
                    sums[i, channel] += pixels[i, y, x, channel]
    return sums / (height * width)


@compiled
def _change(
    pixels: np.ndarray, offsets: np.ndarray, slopes: np.ndarray, factors: np.ndarray, turns: np.ndarray
) -> None:
    """Changes the images in place. offsets: (b, 3), per channel; slopes, factors of saturation, turns of hue: (b,)."""
    for i in range(len(pixels)):
        image, slope, factor, turn = pixels[i], slopes[i], factors[i], turns[i]
        red_offset, green_offset, blue_offset = offsets[i]
        for y in range(image.shape[0]):
            for x in range(image.shape[1]):
                red = _clip(image[y, x, 0] * slope + red_offset)
                green = _clip(image[y, x, 1] * slope + green_offset)
                blue = _clip(image[y, x, 2] * slope + blue_offset)
                red, green, blue = _adjust_saturation_and_hue(red, green, blue, factor, turn)
                image[y, x, 0] = np.uint8(red + HALF)
                image[y, x, 1] = np.uint8(green + HALF)
                image[y, x, 2] = np.uint8(blue + HALF)


@compiled
def _clip(value: float) -> float:
    return min(max(value, 0.0), 255.0)


@compiled
def _adjust_saturation_and_hue(
    red: float, green: float, blue: float, factor: float, turn: float
) -> tuple[float, float, float]:
    """Multiplies the saturation of a color in 0..255 by `factor` and turns its hue by `turn` of the color circle.

    Saturation is chroma / value. Its factor leaves the value unchanged, so it is applied to the chroma.
    """
    value = max(red, green, blue)
    chroma = value - min(red, green, blue)
    if chroma == 0:
        return value, value, value
    if value == red:
        hue = (green - blue) / chroma  # in sixths of the circle
    elif value == green:
        hue = 2 + (blue - red) / chroma
    else:
        hue = 4 + (red - green) / chroma
    hue, chroma = hue + 6 * turn, min(chroma * factor, value)
    return _channel(value, chroma, hue + 5), _channel(value, chroma, hue + 3), _channel(value, chroma, hue + 1)


@compiled
def _channel(value: float, chroma: float, hue: float) -> float:
    """A channel's value as a function of hue, in sixths of the circle: highest for a third, lowest for another."""
    hue -= 6 * np.floor(hue / 6)
    return value - chroma * max(0.0, min(hue, 4 - hue, 1.0))
