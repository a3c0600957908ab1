"""Copies divided by a split, counted by hand."""

import numpy as np
import pytest

from bloodcells.config.schema import CleanConfig, SplitConfig
from bloodcells.data.clean import clean
from bloodcells.data.split import split
from bloodcells.inspection.copies import find_copies
from bloodcells.inspection.leaks import NOT_SOUGHT, count_leaked, leak_table, leakage, naive_split

SHARES = np.array([0.5, 0.3, 0.2])  # training, validation, test


def test_naive_split_is_stratified_and_depends_on_the_seed() -> None:
    labels = np.repeat([0, 1], [20, 100])
    parts = naive_split(labels, SHARES, 0)
    for label, count in ((0, 20), (1, 100)):
        for part, share in zip(("training", "validation", "test"), SHARES, strict=True):
            assert (parts[labels == label] == part).sum() == round(share * count)
    assert np.array_equal(parts, naive_split(labels, SHARES, 0))
    assert not np.array_equal(parts, naive_split(labels, SHARES, 1))


PARTS = np.array(["training", "test", "training", "training", "validation", "test", "validation", "test", "training"])


def test_image_counts_once_if_any_copy_is_in_training() -> None:
    sets = [np.array([0, 1]), np.array([2, 3]), np.array([4, 5]), np.array([1, 6, 7, 8])]
    assert count_leaked(sets, PARTS) == 3  # 1 (twice), 6 and 7; 4 and 5 have none there


def test_divided_sets_are_counted_in_both_splits_and_expected_in_naive_ones() -> None:
    actual = np.where(np.arange(9) < 6, PARTS, "")  # the last three were removed
    sets = {"pairs": [np.array([0, 1]), np.array([2, 3])], "sets": [np.array([4, 6, 7]), np.array([0, 1, 8])]}
    table = leak_table(sets, actual=actual, naive=PARTS, shares=SHARES)
    assert table["total"].tolist() == [2, 2]
    assert table["divided in this split"].tolist() == [1, 1]
    assert table["divided in the naive split"].tolist() == [1, 2]
    # Two pairs at 1 - (0.25 + 0.09 + 0.04), two threes at 1 - (0.125 + 0.027 + 0.008).
    assert table["expected in naive splits"].tolist() == [pytest.approx(1.2), pytest.approx(1.7)]


@pytest.fixture
def chapter_of(noise_images):
    def make(images, near_copies=True):
        cleaned = clean(images, CleanConfig(enabled=True, near_copies=near_copies, repeats=5))
        parts = split(cleaned, SplitConfig(test_share=0.2, validation_share=0.2, seed=0))
        return leakage(images, cleaned, parts, repeated=find_copies(images, 5), seed=0), parts

    return make


def test_near_copies_are_shown_side_by_side_with_names_classes_and_part(noise_images, chapter_of) -> None:
    images = noise_images(60)
    for first, second in ((4, 10), (5, 12)):  # one label, two labels
        images.pixels[second] = np.clip(images.pixels[first].astype(int) + 2, 0, 255)
    chapter, parts = chapter_of(images)
    axes = chapter.files["figures/near_copies.png"].axes[0]
    captions = [text.get_text().splitlines() for text in axes.texts]
    assert captions == [
        ["5 and 12", "class2 and class0", f"in {parts.part_of['5']}"],
        ["4 and 10", "class1", f"in {parts.part_of['4']}"],
    ]
    assert np.array_equal(axes.images[1].get_array()[:, :32], images.pixels[4])
    assert np.array_equal(axes.images[1].get_array()[:, -32:], images.pixels[10])
    assert axes.patches[0].get_x() == axes.images[0].get_extent()[0]
    assert len(axes.patches) == 1
    table = chapter.files["leaks.csv"]
    assert table["total"].tolist() == [2, 0, 0]
    assert table["divided in this split"].tolist() == [0, 0, 0]


def test_without_copies_the_text_says_so(noise_images, chapter_of) -> None:
    chapter, _ = chapter_of(noise_images(60))
    assert chapter.files == {}
    assert "no split can leak" in chapter.blocks[0]
    images = noise_images(60)
    images.pixels[9] = images.pixels[3]
    chapter, _ = chapter_of(images)
    assert "There are no near copies" in chapter.blocks[0]
    assert list(chapter.files) == ["leaks.csv"]


def test_the_text_says_if_near_copies_were_not_looked_for(noise_images, chapter_of) -> None:
    chapter, _ = chapter_of(noise_images(60), near_copies=False)
    assert chapter.blocks == [f"There are no exact copies. {NOT_SOUGHT}"]
    images = noise_images(60)
    images.pixels[10] = images.pixels[4]
    chapter, _ = chapter_of(images, near_copies=False)
    assert chapter.blocks[0] == NOT_SOUGHT
