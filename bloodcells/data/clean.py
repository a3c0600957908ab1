"""Cleaning before the split: removes outliers and exact copies, and groups copies, which the split keeps together."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.config.schema import CleanConfig
from bloodcells.data.cache import cached_pairs
from bloodcells.data.copies import exact_copies, near_copies
from bloodcells.data.images import Images

MANY_NEAR = 0.05  # share of the images; so many near copies are rather cells that look alike
SMALLEST_SIDE = 16  # pixels; smaller images show too little of a cell to recognize copies


@dataclass(frozen=True)
class Removed:
    """A removed image: its name in `Images.examples`, its label, and the reason."""

    example: str
    label: int
    reason: str


@dataclass(frozen=True)
class Cleaned:
    """The kept images, the removed ones, and the groups of copies.

    groups: int64 (n,), the same number for copies of each other; a split keeps them together
    near: pairs of example names that show the same cell; both are kept. None if they were not looked for
    repeated: for each distinct outlier, how often it occurred
    """

    images: Images
    groups: np.ndarray
    removed: tuple[Removed, ...]
    near: tuple[tuple[str, str], ...] | None
    repeated: tuple[int, ...]

    def describe(self) -> str:
        """One line: how many images are kept, and how many were removed and why."""
        reasons = Counter(entry.reason.partition(" of ")[0] for entry in self.removed)
        parts = [f"{len(self.images):,} images kept"]
        if self.repeated:
            times = " and ".join(f"{count:,}" for count in self.repeated)
            parts.append(f"{sum(self.repeated):,} outliers removed (images that occur {times} times)")
        if copies := reasons["exact copy"]:
            parts.append(f"{copies:,} exact cop{'y' if copies == 1 else 'ies'} removed")
        if copies := reasons["conflicting copy"]:
            parts.append(f"{copies:,} copies with conflicting labels removed")
        if self.near is not None:
            parts.append(
                f"{len(self.near):,} pair{'' if len(self.near) == 1 else 's'} of near copies kept together in the split"
            )
            share = len({example for pair in self.near for example in pair}) / len(self.images)
            if share > MANY_NEAR:
                parts[-1] += f" ({share:.0%} of the images; if they show different cells, data.clean.near_copies=false)"
        return "; ".join(parts)


def clean(images: Images, config: CleanConfig) -> Cleaned:
    """Removes outliers and all but one of each set of exact copies, and finds near copies.

    An image that occurs `config.repeats` times or more is an outlier, whatever its labels: such images show no cell.
    The course report detected them by their equal brightness. Copies with conflicting labels are all removed, since
    none of the labels can be trusted. With `config.enabled` false, nothing is removed, but copies are still grouped.
    With `config.near_copies` false, near copies are neither found nor grouped.

    Raises InputError if no image is kept, and for images with a side below SMALLEST_SIDE pixels.
    """
    if min(images.size) < SMALLEST_SIDE:
        height, width = images.size
        raise InputError(f"{images.origin}: {width}x{height} pixels; expected at least {SMALLEST_SIDE} per side")
    groups = np.arange(len(images))
    reasons: dict[int, str] = {}  # of the removed images, by index
    repeated = []
    for copies in exact_copies(images):
        first = images.examples[copies[0]]
        groups[copies] = copies[0]
        match kind_of_copies(images.labels[copies], config.repeats):
            case "outlier":
                repeated.append(len(copies))
                reasons |= dict.fromkeys(copies.tolist(), f"outlier: one of {len(copies)} copies of {first}")
            case "conflicting":
                reasons |= dict.fromkeys(copies.tolist(), f"conflicting copy of {first}: labels differ")
            case _:
                reasons |= dict.fromkeys(copies[1:].tolist(), f"exact copy of {first}")
    if not config.enabled:
        reasons, repeated = {}, []
    indices = np.array([i for i in range(len(images)) if i not in reasons], dtype=np.int64)
    if len(indices) == 0:
        raise InputError(
            f"{images.origin}: cleaning removes every image, since all occur {config.repeats} times or more; "
            "raise data.clean.repeats"
        )
    kept = images.take(indices)
    groups, near = groups[indices], None
    if config.near_copies:
        groups, near = _group_near_copies(images, indices, groups)
    removed = tuple(Removed(str(images.examples[i]), int(images.labels[i]), why) for i, why in sorted(reasons.items()))
    return Cleaned(kept, groups, removed, near, tuple(repeated))


def kind_of_copies(labels: np.ndarray, repeats: int) -> Literal["outlier", "conflicting", "copy"]:
    """The kind of a set of exact copies with these labels; `repeats` or more copies are outliers."""
    if len(labels) >= repeats:
        return "outlier"
    return "conflicting" if len(set(labels)) > 1 else "copy"


def _group_near_copies(
    images: Images, kept: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, tuple[tuple[str, str], ...]]:
    """Merges the groups of near copies among the kept images, given by their indices. Compares one of each group."""
    _, first_of_group = np.unique(groups, return_index=True)
    representatives = kept[first_of_group]
    near = []
    for i, j in cached_pairs(near_copies, images, representatives):
        near.append((str(images.examples[representatives[i]]), str(images.examples[representatives[j]])))
        groups = np.where(groups == groups[first_of_group[j]], groups[first_of_group[i]], groups)
    return groups, tuple(near)
