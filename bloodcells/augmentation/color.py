"""Random changes of brightness, contrast, saturation and hue."""

import cv2
import numpy as np

from bloodcells.config.schema import Color

NUMBERS = 4  # uniforms an image
TOGETHER = 8  # images at a time: their floating-point values fit in a core's cache


def color(pixels: np.ndarray, uniforms: np.ndarray, config: Color) -> np.ndarray:
    """Changes the four in this order, each by a random amount within the config's range; clips to 0..255.

    pixels: uint8 (b, h, w, 3), RGB, and so is what it returns; uniforms: float64 (b, NUMBERS) in [0, 1).
    The operations are those of https://www.tensorflow.org/api_docs/python/tf/image, rounded once, at the end.
    """
    count, height, width, _ = pixels.shape
    lines = pixels.reshape(count, height, width * 3)  # NumPy is fastest along lines of many numbers
    changed = np.empty_like(lines)
    amounts = (2 * uniforms - 1) * [config.brightness, config.contrast, config.saturation, config.hue]
    for start in range(0, count, TOGETHER):
        some = slice(start, start + TOGETHER)
        brightness, contrast, saturation, hue = amounts[some, :, None].swapaxes(0, 1)
        values = _brighter_and_steeper(lines[some], brightness, contrast)
        if config.saturation > 0 or config.hue > 0:
            values = _turned(values, saturation, hue)
        cv2.convertScaleAbs(values.reshape(-1, width * 3), changed[some].reshape(-1, width * 3))  # rounds
    return changed.reshape(pixels.shape)


def _brighter_and_steeper(lines: np.ndarray, brightness: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """uint8 (b, h, w * 3) to float32 in 0..255; the amounts: (b, 1), a share of the range and of 1."""
    count, height, across = lines.shape
    mean = lines.sum(axis=1, dtype=np.uint32).reshape(count, -1, 3).sum(axis=1) / (height * across // 3)
    # Contrast scales about the mean that brightness has moved: (x - mean) (1 + contrast) + mean + moved.
    offset = 255 * brightness - contrast * mean
    values = lines * (1 + contrast[..., None]).astype(np.float32)
    values += _along(offset, across)
    return np.clip(values, 0, 255, out=values)


def _turned(lines: np.ndarray, saturation: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """float32 (b, h, w * 3) in 0..255, and so is what it returns; the amounts: (b, 1), a share of 1 and of a turn."""
    shape, ones = lines.shape, np.ones_like(hue)
    hsv = cv2.cvtColor(lines.reshape(shape[0] * shape[1], -1, 3), cv2.COLOR_RGB2HSV).reshape(shape)
    hsv *= _along(np.hstack([ones, 1 + saturation, ones]), shape[2])
    # Hue in degrees; OpenCV takes two turns of it, but none below 0.
    hsv += _along(np.hstack([360 * (hue % 1), 0 * ones, 0 * ones]), shape[2])
    np.minimum(hsv, _along(np.array([[np.inf, 1, np.inf]]), shape[2]), out=hsv)
    return cv2.cvtColor(hsv.reshape(shape[0] * shape[1], -1, 3), cv2.COLOR_HSV2RGB).reshape(shape)


def _along(colors: np.ndarray, across: int) -> np.ndarray:
    """(b, 3), a number for each channel, to float32 (b, 1, across), repeated along a line."""
    return np.tile(colors.astype(np.float32), across // 3)[:, None, :]
