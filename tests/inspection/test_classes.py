"""Samples, class sizes and imbalance of images with known classes."""

import numpy as np
import pytest

from bloodcells.config.schema import CleanConfig, SplitConfig
from bloodcells.data.clean import clean
from bloodcells.data.split import split
from bloodcells.inspection.classes import SAMPLES, class_sizes, imbalance, samples


def test_samples_are_of_their_class_and_depend_on_the_seed(noise_images) -> None:
    images = noise_images(33)
    images.labels[:] = np.where(np.arange(33) < 3, 0, 1 + np.arange(33) % 2)  # three of class 0

    def drawn(seed: int) -> list[str]:
        axes = samples(images, seed).files["figures/samples.png"].axes[0]
        return [text.get_text() for text in axes.texts if text.get_text().isdecimal()]

    names = drawn(0)
    labels = [images.labels[int(name)] for name in names]
    assert labels == [0] * 3 + [1] * SAMPLES + [2] * SAMPLES
    assert len(set(names)) == len(names)
    assert drawn(0) == names != drawn(1)


def test_last_image_of_a_row_is_the_mean_of_the_class(noise_images) -> None:
    images = noise_images(9)
    shown = samples(images, 0).files["figures/samples.png"].axes[0].images
    mean = images.pixels[images.labels == 0].astype(float).mean(axis=0)
    assert np.abs(shown[3].get_array() - mean).max() <= 0.5
    assert len(shown) == 9 + 3


def test_class_sizes_before_and_after_cleaning_and_in_each_part(noise_images) -> None:
    images = noise_images(60)
    images.pixels[50:56] = images.pixels[50]  # outliers, two of each class
    images.pixels[3] = images.pixels[0]  # a copy of class 0
    cleaned = clean(images, CleanConfig(enabled=True, near_copies=True, repeats=5))
    parts = split(cleaned, SplitConfig(test_share=0.2, validation_share=0.1, seed=0))
    chapter = class_sizes(images, cleaned.images, parts)
    table = chapter.files["classes.csv"]
    assert table["before cleaning"].tolist() == [20, 20, 20]
    assert table["removed"].tolist() == [3, 2, 2]
    assert table["after cleaning"].tolist() == [17, 18, 18]
    assert (table[["training", "validation", "test"]].sum(axis=1) == table["after cleaning"]).all()
    bars = [bar.get_width() for bar in chapter.files["figures/classes.png"].axes[0].patches]
    assert bars == [20, 20, 20, 17, 18, 18]
    assert "an accuracy of 34%" in chapter.blocks[0]  # 18 / 53


def test_imbalance_compares_the_largest_and_the_smallest_class(noise_images) -> None:
    images = noise_images(12)
    images.labels[:] = [0] * 2 + [1] * 7 + [2] * 3
    assert imbalance(images).endswith("class1, has 7 images and the smallest, class0, 2: a ratio of 3.5 to 1.")


@pytest.mark.parametrize("classes", [2, 20])
def test_every_class_has_a_bar_and_a_name(noise_images, classes) -> None:
    images = noise_images(classes * 4, classes, 16)
    cleaned = clean(images, CleanConfig(enabled=True, near_copies=True, repeats=5))
    parts = split(cleaned, SplitConfig(test_share=0.2, validation_share=0.2, seed=0))
    axes = class_sizes(images, images, parts).files["figures/classes.png"].axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(images.class_names)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Images", "Class")
