"""Rotation, translation, shear, zoom and elastic deformation.

Each function takes an image, uint8 (h, w, 3), a strength in the unit listed in strengths.py, and a random generator,
and returns uint8 (h, w, 3). Interpolation is cubic, because linear would blur at every severity. The image is reflected
at its edges, so that no blank border appears, unless `border` is another one of BORDERS:

    symmetric, edge   the image reflected at its edges, or its edges repeated
    black, white      one color
    background        the median color of the pixels at the edges
"""

from collections.abc import Callable
from functools import wraps

import numpy as np
from PIL import Image
from scipy.ndimage import map_coordinates

from bloodcells.evaluation.shift.blending import EITHER_WAY

BORDERS = ("symmetric", "edge", "black", "white", "background")
GRID = 5  # points per side of the elastic grid: coarse enough to bend the cell without fraying its outline


def rotation(image: np.ndarray, degrees: float, rng: np.random.Generator, *, border: str = "symmetric") -> np.ndarray:
    """Rotates by `degrees` about the center, clockwise or counterclockwise."""
    angle = np.deg2rad(degrees) * rng.choice(EITHER_WAY)
    return _affine(image, np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]), border=border)


def translation(image: np.ndarray, share: float, rng: np.random.Generator, *, border: str = "symmetric") -> np.ndarray:
    """Moves the image by `share` of the shorter side, in a random direction."""
    angle = 2 * np.pi * rng.random()
    move = share * min(image.shape[:2]) * np.array([np.cos(angle), np.sin(angle)])
    return _affine(image, np.eye(2), move, border=border)


def shear(image: np.ndarray, slope: float, rng: np.random.Generator, *, border: str = "symmetric") -> np.ndarray:
    """Moves each row sideways, or each column vertically, by `slope` times its distance from the center."""
    slope *= rng.choice(EITHER_WAY)
    inverse = np.array([[1, slope], [0, 1]] if rng.random() < 0.5 else [[1, 0], [slope, 1]])
    return _affine(image, inverse, border=border)


def zoom(image: np.ndarray, factor: float, rng: np.random.Generator, *, border: str = "symmetric") -> np.ndarray:
    """Enlarges or shrinks by `factor` about the center."""
    return _affine(image, np.eye(2) * factor ** rng.choice(EITHER_WAY), border=border)


def elastic(image: np.ndarray, move: float, rng: np.random.Generator) -> np.ndarray:
    """Displaces each pixel by a smooth random field.

    move: root mean square of the displacement along each axis, as a fraction of the shorter side
    Random displacements on a coarse grid are interpolated (Ronneberger et al. 2015, arXiv:1505.04597), after Simard
    et al. 2003.
    """
    height, width = image.shape[:2]
    grids = rng.standard_normal((2, GRID, GRID), np.float32)
    smooth = [Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC) for grid in grids]
    fields = np.stack([np.asarray(field) for field in smooth])
    fields *= move * min(height, width) / np.sqrt((fields**2).mean(axis=(1, 2), keepdims=True))
    places = np.mgrid[:height, :width] + fields
    warped = np.empty_like(image)
    for channel in range(3):  # SciPy rounds and clips to uint8
        map_coordinates(image[..., channel], places, output=warped[..., channel], order=3, mode="reflect")
    return warped


def with_any_border(operation: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """The same operation, with a border drawn from BORDERS."""

    @wraps(operation)
    def bordered(image: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
        return operation(image, strength, rng, border=BORDERS[rng.integers(len(BORDERS))])

    return bordered


def _affine(image: np.ndarray, inverse: np.ndarray, move: np.ndarray | None = None, *, border: str) -> np.ndarray:
    """Resamples the image.

    inverse: (2, 2), maps (x, y) from the center of the result to that of the image; move: added to (x, y), in pixels
    """
    move = np.zeros(2) if move is None else move
    middle = np.array([image.shape[1], image.shape[0]]) / 2
    reach = np.abs(inverse) @ middle - middle + np.abs(move)  # how far the corners extend beyond the image
    margin = max(0, int(np.ceil(reach.max()))) + 2  # cubic interpolation reaches two pixels further
    offset = middle + margin - inverse @ middle + move
    rows = np.column_stack([inverse, offset])
    size = (image.shape[1], image.shape[0])
    result = Image.fromarray(_framed(image, margin, border)).transform(
        size, Image.Transform.AFFINE, rows.ravel().tolist(), Image.Resampling.BICUBIC
    )
    return np.asarray(result)


def _framed(image: np.ndarray, margin: int, border: str) -> np.ndarray:
    """The image with a border of `margin` pixels on each side."""
    sides = ((margin, margin), (margin, margin), (0, 0))
    if border in ("symmetric", "edge"):
        return np.pad(image, sides, mode=border)  # type: ignore[call-overload]
    edges = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    framed = np.pad(image, sides)
    framed[:] = {"black": 0, "white": 255}.get(border, np.median(edges, axis=0))
    framed[margin:-margin, margin:-margin] = image
    return framed
