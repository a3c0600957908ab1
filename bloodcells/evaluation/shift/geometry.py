"""Rotation, shear, zoom and elastic deformation about the center of the image.

Each function takes an image, uint8 (h, w, 3), a strength in the unit listed in strengths.py, and a random generator,
and returns uint8 (h, w, 3). Interpolation is cubic, because linear would blur at every severity. The image is reflected
at its edges, so that no blank border appears.
"""

import numpy as np
from PIL import Image
from scipy.ndimage import map_coordinates

from bloodcells.evaluation.shift.pixels import EITHER_WAY

GRID = 5  # points per side of the elastic grid: coarse enough to bend the cell without fraying its outline


def rotation(image: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    """Rotates by `degrees`, clockwise or counterclockwise."""
    angle = np.deg2rad(degrees) * rng.choice(EITHER_WAY)
    return _linear(image, np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]))


def shear(image: np.ndarray, slope: float, rng: np.random.Generator) -> np.ndarray:
    """Moves each row sideways, or each column vertically, by `slope` times its distance from the center."""
    slope *= rng.choice(EITHER_WAY)
    return _linear(image, np.array([[1, slope], [0, 1]] if rng.random() < 0.5 else [[1, 0], [slope, 1]]))


def zoom(image: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Enlarges or shrinks by `factor`."""
    return _linear(image, np.eye(2) * factor ** rng.choice(EITHER_WAY))


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


def _linear(image: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Resamples the image; `inverse`, (2, 2), maps (x, y) from the center of the result to that of the image."""
    middle = np.array([image.shape[1], image.shape[0]]) / 2
    reach = np.abs(inverse) @ middle - middle  # how far the corners extend beyond the image
    margin = max(0, int(np.ceil(reach.max()))) + 2  # cubic interpolation reaches two pixels further
    wide = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")
    offset = middle + margin - inverse @ middle
    rows = np.column_stack([inverse, offset])
    size = (image.shape[1], image.shape[0])
    result = Image.fromarray(wide).transform(
        size, Image.Transform.AFFINE, rows.ravel().tolist(), Image.Resampling.BICUBIC
    )
    return np.asarray(result)
