"""Random changes of brightness, contrast, saturation and hue."""

import numpy as np

from bloodcells.augmentation.pixels import CHANNELS, HALF, compiled
from bloodcells.config.schema import Color

NUMBERS = 4  # uniforms an image


def color(pixels: np.ndarray, uniforms: np.ndarray, config: Color) -> np.ndarray:
    """Changes the four in this order, each by a random amount within the config's range; clips to 0..255.

    pixels: uint8 (b, h, w, 3), RGB, and so is what it returns; uniforms: float64 (b, NUMBERS) in [0, 1).
    The operations are those of https://www.tensorflow.org/api_docs/python/tf/image, rounded once, at the end.
    """
    amounts = (2 * uniforms - 1) * [config.brightness, config.contrast, config.saturation, config.hue]
    changed = pixels.copy()
    # Contrast scales about the mean that brightness has moved: (x - mean) (1 + contrast) + mean + moved.
    offsets = 255 * amounts[:, :1] - amounts[:, 1:2] * _means(changed)
    _change(changed, offsets, 1 + amounts[:, 1], 1 + amounts[:, 2], amounts[:, 3])
    return changed


@compiled
def _means(pixels: np.ndarray) -> np.ndarray:
    """Of each image's channels: float64 (b, 3)."""
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
    pixels: np.ndarray, offsets: np.ndarray, steepness: np.ndarray, saturation: np.ndarray, turns: np.ndarray
) -> None:
    """offsets: (b, 3); for all channels steepness, factor of saturation and turn of hue, (b,) each."""
    for i in range(len(pixels)):
        image, steep, factor, turn = pixels[i], steepness[i], saturation[i], turns[i]
        to_red, to_green, to_blue = offsets[i]
        for y in range(image.shape[0]):
            for x in range(image.shape[1]):
                red = _within(image[y, x, 0] * steep + to_red)
                green = _within(image[y, x, 1] * steep + to_green)
                blue = _within(image[y, x, 2] * steep + to_blue)
                red, green, blue = _turned(red, green, blue, factor, turn)
                image[y, x, 0] = np.uint8(red + HALF)
                image[y, x, 1] = np.uint8(green + HALF)
                image[y, x, 2] = np.uint8(blue + HALF)


@compiled
def _within(value: float) -> float:
    return min(max(value, 0.0), 255.0)


@compiled
def _turned(red: float, green: float, blue: float, factor: float, turn: float) -> tuple[float, float, float]:
    """The colour, in 0..255, with its saturation times `factor` and its hue moved on by `turn`, a share of the circle.

    Saturation is chroma / value, so that a factor of it, which leaves value, is one of chroma.
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
def _channel(value: float, chroma: float, place: float) -> float:
    """A channel of the colour: at its largest for a third of the circle, then falling, least for a third, rising."""
    place -= 6 * np.floor(place / 6)
    return value - chroma * max(0.0, min(place, 4 - place, 1.0))
