"""The split into training, validation and test images: stratified by class, with copies kept together."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.config.schema import SplitConfig
from bloodcells.data.clean import Cleaned
from bloodcells.data.images import Images

PARTS = ("training", "validation", "test")


@dataclass(frozen=True)
class Split:
    """The cleaned images in three parts, each in its original order; every image is in exactly one."""

    training: Images
    validation: Images
    test: Images

    @cached_property
    def part_of(self) -> dict[str, str]:
        """The part of each example, by name: training, validation or test."""
        return {str(name): part for part in PARTS for name in getattr(self, part).examples}

    def describe(self) -> str:
        """One line, such as "10,154 training, 1,195 validation and 598 test images"."""
        training, validation, test = (f"{len(getattr(self, part)):,} {part}" for part in PARTS)
        return f"{training}, {validation} and {test} images"


def split(cleaned: Cleaned, config: SplitConfig | None) -> Split:
    """Draws the test images and then the validation images, `ceil(share * n)` of each, in proportion to the classes.

    A group of copies is drawn as a whole or not at all. Every part has at least one image of each class.
    Raises InputError for a class with too few images for that, and if no shares are given.
    """
    if config is None:
        raise InputError("data.split=null: expected data.split.test_share, validation_share and seed")
    labels, groups = cleaned.images.labels, cleaned.groups
    names, counts = cleaned.images.class_names, cleaned.images.class_counts
    for name, count in zip(names, counts, strict=True):
        if count < 3:
            raise InputError(
                f"{cleaned.images.origin}: class {name} has {count} images after cleaning; "
                "expected at least 3, one each for training, validation and test"
            )
    rng = np.random.default_rng(config.seed)
    order = rng.permutation(len(labels))
    part_numbers = np.zeros(len(labels), np.int64)  # 0 training, 1 test, 2 validation
    for number, share in ((1, config.test_share), (2, config.validation_share)):
        for label, quota in enumerate(_quotas(counts, math.ceil(share * len(labels)))):
            taken = 0
            for index in order[labels[order] == label]:
                group = groups == groups[index]
                if part_numbers[index] == 0 and taken + group.sum() <= quota:
                    part_numbers[group] = number
                    taken += group.sum()
                if taken == quota:
                    break
    parts = [cleaned.images.take(np.flatnonzero(part_numbers == number)) for number in (0, 2, 1)]
    for part, part_name in zip(parts, PARTS, strict=True):
        if not part.class_counts.all():
            name = names[int(np.argmin(part.class_counts))]
            raise InputError(
                f"{cleaned.images.origin}: class {name} has no image left for {part_name}, with "
                f"data.split.test_share={config.test_share} and validation_share={config.validation_share}; "
                "lower the shares or add images"
            )
    return Split(*parts)


def _quotas(counts: np.ndarray, total: int) -> np.ndarray:
    """Shares of `total` in proportion to `counts`, by the largest remainder method, at least 1 each."""
    exact = counts * (total / counts.sum())
    quotas = np.floor(exact).astype(np.int64)
    largest = np.argsort(-(exact - quotas), kind="stable")
    quotas[largest[: total - quotas.sum()]] += 1
    return np.maximum(quotas, 1)
