"""Images that occur more than once are shown once, with the numbers of all copies."""

import numpy as np
import pytest

from bloodcells.config.schema import CleanConfig
from bloodcells.inspection.copies import DRAWN, find_copies, listed, repeated_images

ON, OFF = (
    CleanConfig(enabled=True, near_copies=True, repeats=5),
    CleanConfig(enabled=False, near_copies=True, repeats=5),
)


@pytest.fixture
def planted(noise_images):
    """Images labelled with their number modulo 3, with every kind of copies."""
    images = noise_images(60)
    images.pixels[9] = images.pixels[3]  # one label
    images.pixels[10] = images.pixels[5]  # two labels
    images.pixels[30:35] = images.pixels[30]
    images.pixels[40:47] = images.pixels[40]
    return images


def test_outliers_come_first_then_conflicting_copies_then_the_rest(planted) -> None:
    repeated = [(copies.kind, copies.indices.tolist()) for copies in find_copies(planted, 5)]
    assert repeated == [
        ("outlier", list(range(40, 47))),
        ("outlier", list(range(30, 35))),
        ("conflicting", [5, 10]),
        ("copy", [3, 9]),
    ]


def test_each_is_shown_once_with_count_numbers_and_labels(planted) -> None:
    chapter = repeated_images(planted, find_copies(planted, 5), ON)
    axes = chapter.files["figures/copies.png"].axes[0]
    assert [text.get_text().splitlines()[:2] for text in axes.texts] == [
        ["outlier: 7", "40 to 46"],
        ["outlier: 5", "30 to 34"],
        ["conflicting copies: 2", "5, 10"],
        ["exact copies: 2", "3, 9"],
    ]
    for image, index in zip(axes.images, (40, 30, 5, 3), strict=True):
        assert np.array_equal(image.get_array(), planted.pixels[index])
    (frame,) = axes.patches
    assert frame.get_x() == axes.images[2].get_extent()[0]
    table = chapter.files["copies.csv"]
    assert table["images"].tolist() == ["40 to 46", "30 to 34", "5, 10", "3, 9"]
    assert table["label"].tolist()[2:] == ["class1 (1), class2 (1)", "class0"]
    assert "5 times or more: 2 (12 copies)" in chapter.blocks[0]


def test_text_depends_on_the_cleaning_settings(planted, noise_images) -> None:
    repeated = find_copies(planted, 5)
    assert "Cleaning removes outliers" in repeated_images(planted, repeated, ON).blocks[0]
    assert "data.clean.enabled=false: all copies are kept" in repeated_images(planted, repeated, OFF).blocks[0]
    nothing = repeated_images(noise_images(9), [], ON)
    assert (list(nothing.blocks), nothing.files) == (["No image occurs more than once."], {})


def test_sheet_is_limited_and_the_table_is_complete(noise_images) -> None:
    images = noise_images(120, size=16)
    images.pixels[60:] = images.pixels[:60]
    chapter = repeated_images(images, find_copies(images, 5), ON)
    assert len(chapter.files["figures/copies.png"].axes[0].images) == DRAWN
    assert len(chapter.files["copies.csv"]) == 60
    assert f"The first {DRAWN} of 60 are shown" in chapter.blocks[2]


def test_consecutive_numbers_are_listed_as_ranges() -> None:
    assert listed(np.array(["3", "4", "5", "9", "12", "13"]), 6) == "3 to 5, 9, 12, 13"
    assert listed(np.arange(0, 20, 2).astype(str), 3) == "0, 2, 4 and 7 more"
    assert listed(np.array(["a/1.png", "a/2.png"]), 6) == "a/1.png, a/2.png"
