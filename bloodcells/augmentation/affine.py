"""Turns, mirrors, shifts, scales and shears images in one warp."""

import numpy as np

from bloodcells.augmentation.pixels import CHANNELS, HALF, compiled

REFLECTED = -1.0  # in place of a level: the image continues beyond its edges as its mirror image
QUARTERS = 4


def affine(
    pixels: np.ndarray,
    uniforms: np.ndarray,
    *,
    chance: float,
    rotation: float,
    translate: float,
    zoom: float,
    shear: float,
) -> np.ndarray:
    """One of the eight symmetries of the square for every image, followed with probability `chance` by an affine map.

    pixels: uint8 (b, h, w, 3); uniforms: float64 (b, 9) in [0, 1); the others: as in `variety.Affine`.
    Returns new images of the same shape and type. Bilinear. Beyond the edges, half of the warped images continue as
    their mirror images, and half have one random level of gray, as slides and scanners leave it. The quarter turns of
    an image that is not square are taken out of its reflected continuation.
    """
    warps = uniforms[:, 0] < chance
    maps = _symmetries(uniforms[:, 1])
    angle, slope = np.deg2rad(rotation) * _signed(uniforms[:, 2]), shear * _signed(uniforms[:, 6])
    scale = zoom ** -_signed(uniforms[:, 5])
    turn = _matrices(np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle))
    along_rows = uniforms[:, 7] < 0.5
    shears = _matrices(1, np.where(along_rows, slope, 0), np.where(along_rows, 0, slope), 1)
    maps = np.where(warps[:, None, None], maps @ turn @ shears * scale[:, None, None], maps)
    shifts = translate * _signed(uniforms[:, 3:5]) * pixels.shape[1:3] * warps[:, None]
    center = (np.array(pixels.shape[1:3]) - 1) / 2
    starts = center + shifts - maps @ center
    levels = np.where((uniforms[:, 8] < 0.5) | ~warps, REFLECTED, 255 * (2 * uniforms[:, 8] - 1))
    return warp(pixels, maps, starts, levels)


def warp(pixels: np.ndarray, maps: np.ndarray, starts: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Images whose pixel (y, x) is the one at `maps @ (y, x) + starts` of the original, bilinear.

    pixels: uint8 (b, h, w, 3); maps: (b, 2, 2); starts: (b, 2), in pixels; levels: (b,), of all channels beyond the
    edges, or REFLECTED. Returns new images of the same shape and type. Whole positions are exact.
    """
    warped = np.empty_like(pixels)
    _warp(pixels, np.ascontiguousarray(maps, np.float64), np.ascontiguousarray(starts, np.float64), levels, warped)
    return warped


def _signed(uniforms: np.ndarray) -> np.ndarray:
    return 2 * uniforms - 1


def _matrices(*entries: float | np.ndarray) -> np.ndarray:
    """Matrices (b, 2, 2) from their entries in rows."""
    return np.stack(np.broadcast_arrays(*entries), axis=-1).reshape(-1, 2, 2)


def _symmetries(uniforms: np.ndarray) -> np.ndarray:
    """The maps of the eight symmetries of the square, (b, 2, 2), each with equal probability."""
    number = np.floor(2 * QUARTERS * uniforms).astype(int)
    cos, sin = np.array([1, 0, -1, 0])[number % QUARTERS], np.array([0, 1, 0, -1])[number % QUARTERS]
    mirror = np.where(number < QUARTERS, 1, -1)
    return _matrices(cos, -sin * mirror, sin, cos * mirror).astype(float)


@compiled
def _warp(pixels: np.ndarray, maps: np.ndarray, starts: np.ndarray, levels: np.ndarray, warped: np.ndarray) -> None:
    count, height, width, _ = pixels.shape
    for i in range(count):
        image, level = pixels[i], levels[i]
        for y in range(height):
            for x in range(width):
                row = maps[i, 0, 0] * y + maps[i, 0, 1] * x + starts[i, 0]
                column = maps[i, 1, 0] * y + maps[i, 1, 1] * x + starts[i, 1]
                top, left = int(np.floor(row)), int(np.floor(column))
                down, right = row - top, column - left
                inside = 0 <= top < height - 1 and 0 <= left < width - 1
                for channel in range(CHANNELS):
                    if inside:  # a quarter faster
                        upper = (1 - right) * image[top, left, channel] + right * image[top, left + 1, channel]
                        lower = (1 - right) * image[top + 1, left, channel] + right * image[top + 1, left + 1, channel]
                    else:
                        upper = (1 - right) * _value(image, top, left, channel, level)
                        upper += right * _value(image, top, left + 1, channel, level)
                        lower = (1 - right) * _value(image, top + 1, left, channel, level)
                        lower += right * _value(image, top + 1, left + 1, channel, level)
                    warped[i, y, x, channel] = np.uint8((1 - down) * upper + down * lower + HALF)


@compiled
def _value(image: np.ndarray, y: int, x: int, channel: int, level: float) -> float:
    """A value at a place that may lie beyond the edges."""
    height, width, _ = image.shape
    if 0 <= y < height and 0 <= x < width:
        return float(image[y, x, channel])
    if level >= 0:
        return level
    y, x = y % (2 * height), x % (2 * width)
    return float(image[min(y, 2 * height - 1 - y), min(x, 2 * width - 1 - x), channel])
