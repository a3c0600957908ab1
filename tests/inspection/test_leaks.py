"""Copies on two sides of a split, counted by hand."""

import numpy as np
import pytest

from bloodcells.config.schema import Clean, Split
from bloodcells.data.clean import clean
from bloodcells.data.split import split
from bloodcells.inspection.copies import copies_in
from bloodcells.inspection.leaks import across, leaked, leaks, unaware_split

SHARES = np.array([0.5, 0.3, 0.2])  # training, validation, test


def test_a_plain_split_has_each_classs_shares_and_follows_the_seed() -> None:
    labels = np.repeat([0, 1], [20, 100])
    parts = unaware_split(labels, SHARES, 0)
    for label, count in ((0, 20), (1, 100)):
        for part, share in zip(("training", "validation", "test"), SHARES, strict=True):
            assert (parts[labels == label] == part).sum() == round(share * count)
    assert np.array_equal(parts, unaware_split(labels, SHARES, 0))
    assert not np.array_equal(parts, unaware_split(labels, SHARES, 1))


PARTS = np.array(["training", "test", "training", "training", "validation", "test", "validation", "test", "training"])


def test_an_image_leaks_once_if_any_copy_is_in_training() -> None:
    sets = [np.array([0, 1]), np.array([2, 3]), np.array([4, 5]), np.array([1, 6, 7, 8])]
    assert leaked(sets, PARTS) == 3  # 1 (twice), 6 and 7; 4 and 5 have none there


def test_sets_that_stand_apart_are_counted_here_and_there_and_as_expected() -> None:
    here = np.where(np.arange(9) < 6, PARTS, "")  # the last three left
    sets = {"pairs": [np.array([0, 1]), np.array([2, 3])], "sets": [np.array([4, 6, 7]), np.array([0, 1, 8])]}
    table = leaks(sets, here, PARTS, SHARES)
    assert table["found"].tolist() == [2, 2]
    assert table["apart in this split"].tolist() == [1, 1]
    assert table["apart in an unaware split"].tolist() == [1, 2]
    # Two pairs at 1 - (0.25 + 0.09 + 0.04), two threes at 1 - (0.125 + 0.027 + 0.008).
    assert table["expected of unaware splits"].tolist() == [pytest.approx(1.2), pytest.approx(1.7)]


@pytest.fixture
def looked_at(noise_images):
    def look(images):
        cleaned = clean(images, Clean(enabled=True, repeats=5))
        parts = split(cleaned, Split(test_share=0.2, validation_share=0.2, seed=0))
        return across(images, cleaned, parts, copies_in(images, 5), 0), parts

    return look


def test_near_copies_stand_side_by_side_with_names_classes_and_part(noise_images, looked_at) -> None:
    images = noise_images(60)
    for first, second in ((4, 10), (5, 12)):  # one label, two labels
        images.pixels[second] = np.clip(images.pixels[first].astype(int) + 2, 0, 255)
    chapter, parts = looked_at(images)
    axes = chapter.files["figures/near_copies.png"].axes[0]
    captions = [text.get_text().splitlines() for text in axes.texts]
    assert captions == [
        ["5 and 12", "class2 against class0", f"in {parts.part_of['5']}"],
        ["4 and 10", "class1", f"in {parts.part_of['4']}"],
    ]
    assert np.array_equal(axes.images[1].get_array()[:, :32], images.pixels[4])
    assert np.array_equal(axes.images[1].get_array()[:, -32:], images.pixels[10])
    assert axes.patches[0].get_x() == axes.images[0].get_extent()[0]
    assert len(axes.patches) == 1
    table = chapter.files["leaks.csv"]
    assert table["found"].tolist() == [2, 0, 0]
    assert table["apart in this split"].tolist() == [0, 0, 0]


def test_without_copies_it_says_so(noise_images, looked_at) -> None:
    chapter, _ = looked_at(noise_images(60))
    assert chapter.files == {}
    assert "any split will do" in chapter.blocks[0]
    images = noise_images(60)
    images.pixels[9] = images.pixels[3]
    chapter, _ = looked_at(images)
    assert "No two images show the same cell" in chapter.blocks[0]
    assert list(chapter.files) == ["leaks.csv"]
