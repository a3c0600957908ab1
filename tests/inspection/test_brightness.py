"""Brightness and colour, of images whose values are known."""

import numpy as np
import pytest
from sklearn.feature_selection import f_classif

from bloodcells.data.images import Images
from bloodcells.inspection.brightness import by_class, explained, in_order, measured
from bloodcells.inspection.copies import copies_in

FIGURE = "figures/brightness_in_order.png"


def flat(colors: list[tuple[int, int, int]], labels: list[int]) -> Images:
    pixels = np.broadcast_to(np.array(colors, np.uint8)[:, None, None], (len(colors), 16, 16, 3)).copy()
    return Images(pixels, np.array(labels), ("dark", "light"), np.arange(len(colors)).astype(str), "flat")


def test_brightness_is_the_mean_of_the_channels() -> None:
    images = flat([(30, 60, 90), (255, 255, 255), (0, 0, 0)], [0, 1, 0])
    images.pixels[2, :8] = 100
    found = measured(images)
    assert found.columns.tolist() == ["brightness", "red", "green", "blue"]
    assert found.to_numpy().tolist() == [[60, 30, 60, 90], [255] * 4, [50] * 4]


def test_outliers_stand_apart_from_the_images_at_their_places(noise_images) -> None:
    images = noise_images(30)
    images.pixels[20:26] = 7
    chapter = in_order(images, measured(images), copies_in(images, 5))
    ordinary, outliers = (dots.get_offsets().data for dots in chapter.files[FIGURE].axes[0].collections)
    assert outliers.tolist() == [[k, 7] for k in range(20, 26)]
    assert ordinary[:, 0].tolist() == [*range(20), *range(26, 30)]
    assert [text.get_text() for text in chapter.files[FIGURE].axes[0].texts] == ["6 times"]


def test_without_outliers_it_says_so(noise_images) -> None:
    images = noise_images(30)
    chapter = in_order(images, measured(images), [])
    assert "No picture repeats so often" in chapter.blocks[0]
    assert len(chapter.files[FIGURE].axes[0].collections) == 1


def test_the_share_that_classes_explain_is_that_of_an_analysis_of_variance() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 90)
    values = labels * 0.7 + rng.normal(size=90)
    (f,), _ = f_classif(values[:, None], labels)
    assert explained(values, labels) == pytest.approx(f * 2 / (f * 2 + 87))
    assert explained(labels.astype(float), labels) == pytest.approx(1)
    assert explained(np.full(90, 3.0), labels) == 0


def test_the_table_and_words_tell_the_classes_apart() -> None:
    images = flat([(10, 20, 30), (20, 30, 40), (200, 210, 220), (220, 230, 240)], [0, 0, 1, 1])
    chapter = by_class(images, measured(images))
    table = chapter.files["brightness_by_class.csv"]
    assert table["class"].tolist() == ["dark", "light"]
    assert table["mean brightness"].tolist() == [25, 220]
    assert table["mean blue"].tolist() == [35, 230]
    assert table["SD of brightness"].tolist() == [7.1, 14.1]  # sqrt(50) and sqrt(200)
    assert "brightest class is light (median 220), the darkest dark (25)" in chapter.blocks[0]
    # Between classes 4 * 97.5^2 = 38025, within 2 * 5^2 + 2 * 10^2 = 250.
    assert "99% of brightness" in chapter.blocks[0]
    figure = chapter.files["figures/brightness_by_class.png"]
    assert [axes.get_xlabel() for axes in figure.axes] == [
        f"Mean {name} (0 to 255)" for name in ("brightness", "red", "green", "blue")
    ]
