"""Brightness and colour of images with known values."""

import numpy as np
import pytest
from sklearn.feature_selection import f_classif

from bloodcells.data.images import Images
from bloodcells.inspection.brightness import brightness_by_class, brightness_in_order, explained_variance, mean_colors
from bloodcells.inspection.copies import find_copies

FIGURE = "figures/brightness_in_order.png"


def flat(colors: list[tuple[int, int, int]], labels: list[int]) -> Images:
    pixels = np.broadcast_to(np.array(colors, np.uint8)[:, None, None], (len(colors), 16, 16, 3)).copy()
    return Images(pixels, np.array(labels), ("dark", "light"), np.arange(len(colors)).astype(str), "flat")


def test_brightness_is_the_mean_of_the_channels() -> None:
    images = flat([(30, 60, 90), (255, 255, 255), (0, 0, 0)], [0, 1, 0])
    images.pixels[2, :8] = 100
    measures = mean_colors(images)
    assert measures.columns.tolist() == ["brightness", "red", "green", "blue"]
    assert measures.to_numpy().tolist() == [[60, 30, 60, 90], [255] * 4, [50] * 4]


def test_outliers_are_marked_and_annotated(noise_images) -> None:
    images = noise_images(30)
    images.pixels[20:26] = 7
    chapter = brightness_in_order(images, mean_colors(images), find_copies(images, 5))
    ordinary, outliers = (dots.get_offsets().data for dots in chapter.files[FIGURE].axes[0].collections)
    assert outliers.tolist() == [[k, 7] for k in range(20, 26)]
    assert ordinary[:, 0].tolist() == [*range(20), *range(26, 30)]
    assert [text.get_text() for text in chapter.files[FIGURE].axes[0].texts] == ["6 copies"]


def test_without_outliers_the_text_says_so(noise_images) -> None:
    images = noise_images(30)
    chapter = brightness_in_order(images, mean_colors(images), [])
    assert "No image is repeated often enough" in chapter.blocks[0]
    assert len(chapter.files[FIGURE].axes[0].collections) == 1


def test_explained_variance_agrees_with_analysis_of_variance() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 90)
    values = labels * 0.7 + rng.normal(size=90)
    (f,), _ = f_classif(values[:, None], labels)
    assert explained_variance(values, labels) == pytest.approx(f * 2 / (f * 2 + 87))
    assert explained_variance(labels.astype(float), labels) == pytest.approx(1)
    assert explained_variance(np.full(90, 3.0), labels) == 0


def test_classes_are_compared_in_table_and_text() -> None:
    images = flat([(10, 20, 30), (20, 30, 40), (200, 210, 220), (220, 230, 240)], [0, 0, 1, 1])
    chapter = brightness_by_class(images, mean_colors(images))
    table = chapter.files["brightness_by_class.csv"]
    assert table["class"].tolist() == ["dark", "light"]
    assert table["mean brightness"].tolist() == [25, 220]
    assert table["mean blue"].tolist() == [35, 230]
    assert table["SD of brightness"].tolist() == [7.1, 14.1]  # sqrt(50) and sqrt(200)
    assert "brightest class is light (median 220), the darkest dark (25)" in chapter.blocks[0]
    # Sum of squares: 4 * 97.5^2 = 38025 between the classes, 2 * 5^2 + 2 * 10^2 = 250 within.
    assert "99% of brightness" in chapter.blocks[0]
    figure = chapter.files["figures/brightness_by_class.png"]
    assert [axes.get_xlabel() for axes in figure.axes] == [
        f"Mean {name} (0 to 255)" for name in ("brightness", "red", "green", "blue")
    ]
