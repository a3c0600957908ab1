"""Draws shapes with soft edges on a small canvas, bit-identically on every machine.

Uses only operations that IEEE 754 rounds exactly (+, -, *, /, square root), one at a time. The last bit of a sine, an
exponential or a matrix product depends on the processor, and some compilers fuse the multiplication and addition in
NumPy's `uniform`. For the same reason, directions are unit vectors instead of angles.
"""

import math

import numpy as np

Color = tuple[float, float, float]
Point = tuple[float, float]


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A random number from `low` to `high`."""
    return low + (high - low) * rng.random()


def direction(rng: np.random.Generator) -> Point:
    """A random unit vector."""
    while True:
        x, y = uniform(rng, -1, 1), uniform(rng, -1, 1)
        square = x * x + y * y
        if 0.01 < square <= 1:
            length = math.sqrt(square)
            return x / length, y / length


def rotate(vector: Point, half_tangent: float) -> Point:
    """`vector` rotated by an angle, given as the tangent of half the angle: 1 is a quarter turn."""
    square = half_tangent * half_tangent
    cosine, sine = (1 - square) / (1 + square), 2 * half_tangent / (1 + square)
    x, y = vector
    return x * cosine - y * sine, x * sine + y * cosine


class Canvas:
    """A square RGB image to draw on. Lengths and positions are shares of its side, x to the right and y down.

    pixels: float32 (3, side, side), 0..255; masks are float32 (side, side), 0..1.
    """

    def __init__(self, side: int, background: Color) -> None:
        self.side = side
        self.pixels = np.empty((3, side, side), np.float32)
        self.pixels[:] = _column(background)
        axis = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / np.float32(side)
        self.y, self.x = axis[:, None], axis[None, :]

    def ellipse(self, center: Point, radius: float, *, stretch: float = 1.0, along: Point = (1.0, 0.0)) -> np.ndarray:
        """The mask of an ellipse, `stretch` times as long along `along` as across, with a soft edge of 2 pixels."""
        return _ellipse(self.x - center[0], self.y - center[1], radius, stretch=stretch, along=along, side=self.side)

    def spot(
        self,
        center: Point,
        radius: float,
        color: Color,
        *,
        opacity: float = 1.0,
        stretch: float = 1.0,
        along: Point = (1.0, 0.0),
    ) -> None:
        """Paints an ellipse. Computes only the part of the image that it can cover."""
        reach = radius * stretch + 2 / self.side

        def window(middle: float) -> slice:
            return slice(max(0, int((middle - reach) * self.side)), max(0, int((middle + reach) * self.side) + 1))

        rows, columns = window(center[1]), window(center[0])
        dx, dy = self.x[:, columns] - center[0], self.y[rows] - center[1]
        mask = _ellipse(dx, dy, radius, stretch=stretch, along=along, side=self.side) * np.float32(opacity)
        part = self.pixels[:, rows, columns]
        part += mask * (_column(color) - part)

    def noise(self, rng: np.random.Generator, cells: int) -> np.ndarray:
        """Bilinear value noise: smooth random values in 0..1 with about `cells` bumps per side."""
        grid = rng.random((cells + 1, cells + 1), np.float32)
        position = np.arange(self.side, dtype=np.float32) * np.float32(cells / self.side)
        low = position.astype(np.int64)
        share = position - low
        rows = grid[low] * (1 - share[:, None]) + grid[low + 1] * share[:, None]
        return rows[:, low] * (1 - share) + rows[:, low + 1] * share

    def paint(self, mask: np.ndarray, color: Color) -> None:
        """Blends `color` (0..255) into the image, weighted by the mask."""
        self.pixels += mask * (_column(color) - self.pixels)

    def to_image(self, gain: np.ndarray | float = 1.0, grain: np.ndarray | float = 0.0) -> np.ndarray:
        """uint8 (side, side, 3): pixels * gain + grain. Both broadcast against (3, side, side)."""
        image = np.clip(np.rint(self.pixels * gain + grain), 0, 255).astype(np.uint8)
        return np.ascontiguousarray(image.transpose(1, 2, 0))


def _ellipse(dx: np.ndarray, dy: np.ndarray, radius: float, *, stretch: float, along: Point, side: int) -> np.ndarray:
    dx, dy = dx.astype(np.float32), dy.astype(np.float32)
    length = (dx * np.float32(along[0]) + dy * np.float32(along[1])) / np.float32(stretch)
    width = dy * np.float32(along[0]) - dx * np.float32(along[1])
    distance = np.sqrt(length * length + width * width)
    return np.clip((np.float32(radius) - distance) * np.float32(side / 2) + np.float32(0.5), 0, 1)


def _column(color: Color) -> np.ndarray:
    return np.asarray(color, np.float32)[:, None, None]
