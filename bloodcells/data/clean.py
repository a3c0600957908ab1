"""What leaves the data before it is split, each image with its reason, and what must stay together."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.config.schema import CleanConfig
from bloodcells.data.copies import exact_copies, near_copies
from bloodcells.data.images import Images

SMALLEST_SIDE = 16  # pixels: below, too little is left of a cell to tell it from another


@dataclass(frozen=True)
class Removed:
    """An image that left: its `example` name, its label, and why."""

    example: str
    label: int
    reason: str


@dataclass(frozen=True)
class Cleaned:
    """The images that stay, those that left, and who is whose copy.

    groups: int64 (n,), the same number for images that are copies of each other; a split keeps them together.
    near: pairs of example names that show the same cell; both stay.
    repeated: for each picture that is no cell, how often it occurred.
    """

    images: Images
    groups: np.ndarray
    removed: tuple[Removed, ...]
    near: tuple[tuple[str, str], ...]
    repeated: tuple[int, ...]

    def describe(self) -> str:
        """One line: how many images stay, how many left and why."""
        reasons = Counter(entry.reason.partition(" of ")[0] for entry in self.removed)
        parts = [f"{len(self.images):,} images stay"]
        if self.repeated:
            pictures = " and ".join(f"{count:,}" for count in self.repeated)
            parts.append(f"{sum(self.repeated):,} outliers leave (pictures that occur {pictures} times)")
        if copies := reasons["exact copy"]:
            parts.append(f"{copies:,} exact copies of others leave")
        if copies := reasons["contradictory copy"]:
            parts.append(f"{copies:,} copies leave whose labels contradict each other")
        parts.append(f"{len(self.near):,} pairs of near copies stay on one side of the split")
        return "; ".join(parts)


def clean(images: Images, config: CleanConfig) -> Cleaned:
    """Leaves out pictures that are no cells and all but one of each set of exact copies; finds near copies.

    A picture that occurs `config.repeats` times or more is no cell, whatever its labels: the report saw them by their
    equal brightness. Copies whose labels contradict each other all leave, since none of the labels can be trusted.
    With `config.enabled` false nothing leaves, and copies are only kept together.
    Raises InputError if nothing is left, and for images of fewer than SMALLEST_SIDE pixels a side.
    """
    if min(images.size) < SMALLEST_SIDE:
        height, width = images.size
        raise InputError(f"{images.origin}: {width}x{height} pixels; expected {SMALLEST_SIDE} or more a side")
    groups = np.arange(len(images))
    leaving: dict[int, str] = {}
    repeated = []
    for copies in exact_copies(images):
        first = images.examples[copies[0]]
        groups[copies] = copies[0]
        match kind(images.labels[copies], config.repeats):
            case "outlier":
                repeated.append(len(copies))
                reason = f"repeated picture of {len(copies)} copies, the first {first}"
                leaving |= dict.fromkeys(copies.tolist(), reason)
            case "contradictory":
                leaving |= dict.fromkeys(copies.tolist(), f"contradictory copy of {first}: labels differ")
            case _:
                leaving |= dict.fromkeys(copies[1:].tolist(), f"exact copy of {first}")
    if not config.enabled:
        leaving, repeated = {}, []
    staying = np.array([i for i in range(len(images)) if i not in leaving], dtype=np.int64)
    if len(staying) == 0:
        raise InputError(
            f"{images.origin}: cleaning leaves no image, since every one occurs {config.repeats} times or more; "
            "raise data.clean.repeats"
        )
    kept = images.take(staying)
    groups, near = _joined(kept, groups[staying])
    removed = tuple(Removed(str(images.examples[i]), int(images.labels[i]), why) for i, why in sorted(leaving.items()))
    return Cleaned(kept, groups, removed, near, tuple(repeated))


def kind(labels: np.ndarray, repeats: int) -> Literal["outlier", "contradictory", "copy"]:
    """What a picture that occurs with these labels is: no cell, a cell of no certain class, or one with copies."""
    if len(labels) >= repeats:
        return "outlier"
    return "contradictory" if len(set(labels)) > 1 else "copy"


def _joined(images: Images, groups: np.ndarray) -> tuple[np.ndarray, tuple[tuple[str, str], ...]]:
    """Joins the groups of near copies, comparing one image of each group."""
    _, representatives = np.unique(groups, return_index=True)
    near = []
    for i, j in near_copies(images.pixels[representatives]):
        near.append((str(images.examples[representatives[i]]), str(images.examples[representatives[j]])))
        groups = np.where(groups == groups[representatives[j]], groups[representatives[i]], groups)
    return groups, tuple(near)
