"""Draws blood cells: the default data, for first runs, demonstrations and tests.

The eight classes differ as real cells do in a May-Gruenwald-Giemsa stain (Acevedo et al. 2020,
doi 10.1016/j.dib.2020.105474): in the size, shape and lobes of the nucleus, the color of the cytoplasm, and granules.
Stain, light, position and the surrounding red cells do not depend on the class and vary from image to image. The same
seed gives the same bytes on every machine (see canvas.py).
"""

from dataclasses import dataclass

import numpy as np

from bloodcells.data.canvas import Canvas, Color, Point, direction, rotate, uniform
from bloodcells.data.images import Images

NUCLEUS: Color = (72, 42, 118)
BACKGROUNDS: tuple[Color, Color] = ((246, 228, 210), (224, 222, 236))
SHIFT = 0.16  # largest distance of a cell from the middle, as a share of the side
ZOOM = (0.65, 1.15)
STAIN = (0.8, 1.1)  # gain of each color channel
EXPOSURE = (0.75, 1.05)
SHADE = 0.15  # largest relative change of brightness from one side to the other


@dataclass(frozen=True)
class Cell:
    """The appearance of one class. Radii are shares of the image's side, `nucleus_size` of the cell's radius."""

    name: str
    share: int  # relative frequency: the class's images in the course report's archive after cleaning
    radius: tuple[float, float]
    cytoplasm: Color
    nucleus: str  # round, kidney, lobed or none
    nucleus_size: tuple[float, float] = (0.0, 0.0)
    lobes: tuple[int, int] = (0, 0)
    granules: Color | None = None
    granule_cover: float = 0.0  # share of the cytoplasm that granules cover
    granules_hide_nucleus: bool = False
    vacuoles: int = 0


CELLS = (
    Cell("basophil", 852, (0.27, 0.35), (172, 138, 190), "round", (0.55, 0.7), (0, 0), (58, 30, 96), 0.5, True),
    Cell("eosinophil", 2181, (0.28, 0.37), (222, 165, 160), "lobed", (0.40, 0.46), (2, 2), (205, 98, 92), 0.6),
    Cell("erythroblast", 1085, (0.18, 0.26), (192, 150, 164), "round", (0.42, 0.6)),
    Cell("immature_granulocyte", 2026, (0.28, 0.38), (196, 168, 204), "round", (0.66, 0.8), granules=(138, 84, 160),
         granule_cover=0.3),
    Cell("lymphocyte", 849, (0.2, 0.28), (134, 142, 214), "round", (0.8, 0.9)),
    Cell("monocyte", 993, (0.3, 0.4), (166, 164, 188), "kidney", (0.66, 0.78), vacuoles=7),
    Cell("neutrophil", 2330, (0.26, 0.34), (228, 198, 200), "lobed", (0.30, 0.36), (3, 5), (206, 160, 178), 0.25),
    Cell("platelet", 1643, (0.06, 0.12), (172, 132, 186), "none", (0, 0), (0, 0), (112, 66, 140), 0.5),
)  # fmt: skip


def draw_cells(count: int, size: int, seed: int) -> Images:
    """Draws `count` cells of `size` x `size` pixels, as imbalanced as the course report's data, and images to clean.

    The cells are followed by exact and near copies of a few of them, and by 15% outliers as in the course report's
    archive: copies of one image without a cell under every label, and of another one under a single label.
    """
    rng = np.random.default_rng(seed)
    shares = np.array([cell.share for cell in CELLS])
    counts = count * shares // shares.sum()
    counts[np.argsort(-(count * shares % shares.sum()), kind="stable")[: count - counts.sum()]] += 1
    labels = rng.permutation(np.repeat(np.arange(len(CELLS)), counts))
    pixels = [draw_cell(CELLS[label], size, np.random.default_rng([seed, i])) for i, label in enumerate(labels)]

    copies = rng.choice(count, 2 * (count // 400), replace=False)
    exact, near = np.split(copies, 2)
    pixels += [pixels[i] for i in exact] + [_near_copy(pixels[i]) for i in near]

    repeats, everywhere = count // 60, np.arange(len(CELLS))
    first, second = (_draw_outlier(size, rng) for _ in range(2))
    pixels += [first] * (repeats * len(CELLS)) + [second] * repeats
    labels = np.concatenate([labels, labels[copies], np.repeat(everywhere, repeats), np.full(repeats, 5)])
    names = tuple(cell.name for cell in CELLS)
    return Images(np.stack(pixels), labels, names, np.arange(len(labels)).astype(str), f"synthetic cells, seed {seed}")


def draw_cell(cell: Cell, size: int, rng: np.random.Generator) -> np.ndarray:
    """uint8 (size, size, 3): one cell among red cells, with random stain, light and magnification."""
    canvas = Canvas(size, BACKGROUNDS[int(rng.random() < 0.4)])
    center = (0.5 + uniform(rng, -SHIFT, SHIFT), 0.5 + uniform(rng, -SHIFT, SHIFT))
    zoom = uniform(rng, *ZOOM)
    radius = uniform(rng, *cell.radius) * zoom
    _draw_red_cells(canvas, center, radius, zoom=zoom, rng=rng)
    _draw_white_cell(canvas, cell, center=center, radius=radius, rng=rng)
    exposure = uniform(rng, *EXPOSURE)
    stain = np.array([uniform(rng, *STAIN) * exposure for _ in range(3)], np.float32)[:, None, None]
    across, down = uniform(rng, -SHADE, SHADE), uniform(rng, -SHADE, SHADE)
    light = 1 + np.float32(across) * (canvas.x - 0.5) + np.float32(down) * (canvas.y - 0.5)
    grain = 12 * rng.random((1, size, size), np.float32) + 8 * rng.random((3, size, size), np.float32) - 10
    return canvas.to_image(stain * light, grain)


def _draw_red_cells(canvas: Canvas, center: Point, radius: float, *, zoom: float, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(4, 14)):
        position = (uniform(rng, -0.1, 1.1), uniform(rng, -0.1, 1.1))
        size = uniform(rng, 0.13, 0.19) * zoom
        distance = np.sqrt((position[0] - center[0]) ** 2 + (position[1] - center[1]) ** 2)
        if distance < radius + 0.6 * size:  # red cells may touch the cell and reach under it, but not cover its place
            continue
        stretch, along = uniform(rng, 1, 1.25), direction(rng)
        canvas.spot(position, size, (206, 164, 156), opacity=1, stretch=stretch, along=along)
        canvas.spot(position, 0.45 * size, (232, 206, 194), opacity=0.7, stretch=stretch, along=along)


def _draw_white_cell(canvas: Canvas, cell: Cell, *, center: Point, radius: float, rng: np.random.Generator) -> None:
    body = canvas.ellipse(center, radius, stretch=uniform(rng, 1, 1.2), along=direction(rng))
    canvas.paint(body, cell.cytoplasm)
    for _ in range(cell.vacuoles):
        toward, distance = direction(rng), uniform(rng, 0.3, 0.9)
        position = (center[0] + toward[0] * distance * radius, center[1] + toward[1] * distance * radius)
        canvas.spot(position, uniform(rng, 0.02, 0.04), (240, 232, 236), opacity=0.7)
    nucleus = body * _nucleus(canvas, cell, center=center, radius=radius, rng=rng)
    chromatin = 0.75 + 0.25 * canvas.noise(rng, canvas.side // 4)
    canvas.paint(nucleus * chromatin, NUCLEUS)
    if cell.granules is not None:
        grains = canvas.noise(rng, canvas.side // 3)
        spots = np.clip((grains - np.quantile(grains, 1 - cell.granule_cover, method="nearest")) * 8, 0, 1)
        canvas.paint(body * spots * (1 if cell.granules_hide_nucleus else 1 - nucleus), cell.granules)


def _nucleus(canvas: Canvas, cell: Cell, *, center: Point, radius: float, rng: np.random.Generator) -> np.ndarray:
    if cell.nucleus == "none":
        return np.zeros((canvas.side, canvas.side), np.float32)
    size, toward = uniform(rng, *cell.nucleus_size) * radius, direction(rng)

    def at(vector: Point, distance: float) -> Point:
        return center[0] + vector[0] * distance, center[1] + vector[1] * distance

    if cell.nucleus == "lobed":
        count = int(rng.integers(cell.lobes[0], cell.lobes[1] + 1))
        spread = 0.72 if count == 2 else 0.46  # tangents of half the angle between neighbors, 72 or 49 degrees
        mask = np.zeros((canvas.side, canvas.side), np.float32)
        for _ in range(count):
            lobe = canvas.ellipse(at(toward, 0.52 * radius), size * uniform(rng, 0.85, 1), stretch=1.2, along=toward)
            mask = np.maximum(mask, lobe)
            toward = rotate(toward, spread * uniform(rng, 0.9, 1.15))
        return mask
    middle = at(toward, uniform(rng, 0, 0.9) * (radius - size))
    mask = canvas.ellipse(middle, size, stretch=uniform(rng, 1, 1.15), along=direction(rng))
    if cell.nucleus == "kidney":
        bay = rotate(toward, uniform(rng, -1, 1))
        notch = (middle[0] + bay[0] * size, middle[1] + bay[1] * size)
        mask = mask * (1 - canvas.ellipse(notch, size * uniform(rng, 0.55, 0.7)))
    return mask


def _near_copy(image: np.ndarray) -> np.ndarray:
    """The same cell photographed again: shifted two pixels right and one up, and slightly brighter."""
    shifted = np.pad(image, ((0, 1), (2, 0), (0, 0)), mode="edge")[1:, : image.shape[1]]
    return np.clip(shifted.astype(np.int64) + 2, 0, 255).astype(np.uint8)


def _draw_outlier(size: int, rng: np.random.Generator) -> np.ndarray:
    """An image that is clearly not a cell: a few colored blobs on a strong background."""
    canvas = Canvas(size, _any_color(rng))
    for _ in range(6):
        position = (uniform(rng, 0.1, 0.9), uniform(rng, 0.1, 0.9))
        blob = canvas.ellipse(position, uniform(rng, 0.05, 0.15), stretch=1.5, along=direction(rng))
        canvas.paint(blob, _any_color(rng))
    return canvas.to_image()


def _any_color(rng: np.random.Generator) -> Color:
    return uniform(rng, 0, 255), uniform(rng, 0, 255), uniform(rng, 0, 255)
