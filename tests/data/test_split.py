"""The split: shares, proportions, copies kept together, and classes that are too small."""

import dataclasses
import math

import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.schema import SplitConfig
from bloodcells.data.clean import Cleaned
from bloodcells.data.images import Images
from bloodcells.data.split import split

CLASS_SIZES = [852, 2181, 1085, 2026, 849, 993, 2330, 1643]  # images per class in the course report's cleaned archive


def cleaned_of(counts: list[int], groups: np.ndarray | None = None) -> Cleaned:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    pixels = np.zeros((len(labels), 1, 1, 3), np.uint8)
    names = tuple(f"class{k}" for k in range(len(counts)))
    images = Images(pixels, labels, names, np.arange(len(labels)).astype(str), "here")
    return Cleaned(images, np.arange(len(labels)) if groups is None else groups, (), (), ())


def config(test: float = 0.05, validation: float = 0.1, seed: int = 0) -> SplitConfig:
    return SplitConfig(test_share=test, validation_share=validation, seed=seed)


def test_course_reports_archive_is_split_as_in_the_report() -> None:
    # 5% of 11,959 is 598 rounded up; its table has 42, 109, 54, 102, 43, 50, 116 or 117 and 82 of each class.
    parts = split(cleaned_of(CLASS_SIZES), config())
    assert (len(parts.test), len(parts.validation)) == (598, 1196)
    assert np.abs(parts.test.class_counts - [42, 109, 54, 102, 43, 50, 116, 82]).max() <= 1
    assert np.abs(parts.test.class_counts - 0.05 * np.array(CLASS_SIZES)).max() < 1


@pytest.mark.parametrize("seed", range(5))
def test_every_image_is_in_exactly_one_part(seed) -> None:
    cleaned = cleaned_of([37, 20, 9])
    parts = split(cleaned, config(0.2, 0.25, seed))
    names = [name for part in (parts.training, parts.validation, parts.test) for name in part.examples]
    assert sorted(names, key=int) == cleaned.images.examples.tolist()
    assert len(parts.test) == math.ceil(0.2 * 66)
    assert len(parts.validation) == math.ceil(0.25 * 66)


@pytest.mark.parametrize("seed", range(20))
def test_copies_are_never_in_two_parts(seed) -> None:
    groups = np.arange(90)
    groups[::7] = 0  # thirteen copies of one, in every class
    groups[3::10] = 3  # and more of another
    cleaned = cleaned_of([40, 30, 20], groups)
    parts = split(cleaned, config(0.2, 0.2, seed))
    members = [
        set(groups[part.examples.astype(int)].tolist()) for part in (parts.training, parts.validation, parts.test)
    ]
    assert sum(map(len, members)) == len(set().union(*members))


def test_split_depends_only_on_its_seed() -> None:
    first, again, other = (split(cleaned_of([40, 30]), config(seed=seed)) for seed in (1, 1, 2))
    assert first.test.examples.tolist() == again.test.examples.tolist()
    assert first.test.examples.tolist() != other.test.examples.tolist()


def test_small_class_has_an_image_in_every_part() -> None:
    parts = split(cleaned_of([200, 3]), config())
    for part in (parts.training, parts.validation, parts.test):
        assert part.class_counts[1] == 1


def test_class_too_small_to_split_is_named() -> None:
    with pytest.raises(InputError, match=r"class class1 has 2 images .* expected at least 3"):
        split(cleaned_of([50, 2]), config())


def test_class_with_copies_of_a_single_image_is_named() -> None:
    cleaned = cleaned_of([50, 6])
    groups = np.where(cleaned.images.labels == 1, 1000, cleaned.groups)
    with pytest.raises(InputError, match="class class1 has no image left for"):
        split(dataclasses.replace(cleaned, groups=groups), config(0.2, 0.2))
