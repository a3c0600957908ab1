"""Contact sheets show every image, and all text lies within the figure without overlaps."""

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from bloodcells.reporting.sheet import Tile, class_title, sheet, short_name, wrapped

RNG = np.random.default_rng(0)


def tile(caption: str = "", marked: bool = False, width: int = 8) -> Tile:
    return Tile(RNG.integers(0, 256, (8, width, 3), dtype=np.uint8), caption, marked)


@pytest.mark.parametrize("caption", ["7", "some_very_long_name_of_one_word/and_more\nand a second line of words"])
def test_text_and_images_lie_within_the_figure_and_do_not_overlap(caption) -> None:
    tiles = [tile(caption) for _ in range(11)] + [None] + [tile(caption) for _ in range(4)]
    figure = sheet(tiles, 8, rows=["immature granulocyte of a long name", "b"], heads=["", "head"])
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    (axes,) = figure.axes
    boxes = [text.get_window_extent(renderer) for text in axes.texts if text.get_text()]
    boxes += [image.get_window_extent(renderer) for image in axes.images]
    assert len(boxes) == 15 + 15 + 2 + 1
    whole = figure.bbox
    for k, box in enumerate(boxes):
        assert whole.x0 <= box.x0 < box.x1 <= whole.x1 + 1
        assert whole.y0 <= box.y0 < box.y1 <= whole.y1
        assert not any(box.padded(-1).overlaps(other) for other in boxes[:k])


def test_images_keep_aspect_ratio_and_order_and_none_leaves_an_empty_place() -> None:
    first, second, third = tile(width=16), tile(width=16), tile(width=16)
    figure = sheet([first, None, second, third], 2, side=3)
    (axes,) = figure.axes
    shown = axes.images
    assert [np.array_equal(image.get_array(), t.pixels) for image, t in zip(shown, (first, second, third), strict=True)]
    for image in shown:
        left, right, bottom, top = image.get_extent()
        assert right - left == pytest.approx(3)
        assert bottom - top == pytest.approx(1.5)
    lefts = [image.get_extent()[0] for image in shown]
    assert lefts[0] == lefts[1] < lefts[2]


def test_marked_image_has_a_frame() -> None:
    axes = sheet([tile(), tile(marked=True)], 2).axes[0]
    (frame,) = axes.patches
    assert frame.get_x() == axes.images[1].get_extent()[0]


def test_short_names_class_titles_and_wrapping() -> None:
    assert [short_name("12"), short_name("basophil/BA_7.webp")] == ["12", "BA_7"]
    assert [class_title("3"), class_title("basophil")] == ["class 3", "basophil"]
    assert wrapped("one two\nthreethree", 6) == "one\ntwo\nthreet\nhree"


def test_dollar_signs_in_names_are_not_typeset_as_formulas() -> None:
    figure = sheet([Tile(np.zeros((4, 4, 3), np.uint8), "x$_$y")], 1, rows=["a$^$"], heads=["$b$"])
    figure.savefig(io.BytesIO())
    assert "x\\$_\\$y" in [text.get_text() for text in figure.axes[0].texts]
