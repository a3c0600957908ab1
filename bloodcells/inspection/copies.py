"""Pictures that occur more than once: the outliers and the exact copies, each picture shown once."""

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from pandas import DataFrame

from bloodcells.config.schema import Clean
from bloodcells.data.clean import kind
from bloodcells.data.copies import exact_copies
from bloodcells.data.images import Images
from bloodcells.inspection.chapter import Block, Chapter
from bloodcells.reporting.sheet import Tile, called, sheet, short

DRAWN = 40  # pictures on a sheet, at most
LISTED = 6  # numbers or names in a caption, at most
NAMED = 3  # classes in a caption, at most
KINDS = {"outlier": "outlier", "contradictory": "contradictory copies", "copy": "exact copies"}


@dataclass(frozen=True)
class Copies:
    """One picture that occurs more than once. indices: int64, ascending; kind: as `bloodcells.data.clean.kind`."""

    indices: np.ndarray
    kind: str


def copies_in(images: Images, repeats: int) -> list[Copies]:
    """Every picture that occurs twice or more: outliers first, then contradictory ones, then the rest; many first."""
    found = [Copies(indices, kind(images.labels[indices], repeats)) for indices in exact_copies(images)]
    return sorted(found, key=lambda copies: (list(KINDS).index(copies.kind), -len(copies.indices)))


def exact(images: Images, found: list[Copies], config: Clean) -> Chapter:
    """The contact sheet of `found`, and a row for each."""
    heading = "Outliers and exact copies"
    if not found:
        return Chapter(heading, ["No picture occurs more than once."])
    tiles = [_tile(images, copies) for copies in found[:DRAWN]]
    counts = {label: [len(copies.indices) for copies in found if copies.kind == label] for label in KINDS}
    told = ["Each picture that occurs more than once is shown once."]
    if outliers := counts["outlier"]:
        told.append(
            f"Outliers, pictures that occur {config.repeats} times or more: {len(outliers):,} "
            f"(in all {sum(outliers):,} images)."
        )
    else:
        told.append(f"No picture occurs {config.repeats} times or more, so none counts as an outlier.")
    if counts["copy"]:
        told.append(f"Pictures whose copies have one label, so that one image is enough: {len(counts['copy']):,}.")
    if counts["contradictory"]:
        told.append(
            f"Pictures whose copies contradict each other in their labels, framed: {len(counts['contradictory']):,}."
        )
    told.append(
        "Cleaning takes out outliers, copies that contradict each other, and all but the first of the others."
        if config.enabled
        else "data.clean.enabled=false: all of them stay among the images, and a split keeps them together."
    )
    rest = f"The first {DRAWN} of {len(found):,} are drawn; the table lists them all. " if len(found) > DRAWN else ""
    table = DataFrame(
        {
            "picture": [KINDS[copies.kind] for copies in found],
            "times": [len(copies.indices) for copies in found],
            "label": [labels_of(images, copies.indices) for copies in found],
            "images": [listed(images.examples[copies.indices], 100) for copies in found],
        }
    )
    blocks: list[Block] = [
        " ".join(told),
        ("figures/copies.png", sheet(tiles, 6)),
        f"{rest}With their numbers or names:",
        ("copies.csv", table),
    ]
    return Chapter(heading, blocks)


def _tile(images: Images, copies: Copies) -> Tile:
    classes = len(set(images.labels[copies.indices]))
    lines = (
        f"{KINDS[copies.kind]}, {len(copies.indices):,} times",
        listed(np.array([short(name) for name in images.examples[copies.indices]]), LISTED),
        labels_of(images, copies.indices) if classes <= NAMED else f"labelled as {classes} classes",
    )
    return Tile(images.pixels[copies.indices[0]], "\n".join(lines), copies.kind == "contradictory")


def labels_of(images: Images, indices: np.ndarray) -> str:
    """The class of some images, or the classes with how many each has, such as "monocyte (3), platelet (1)"."""
    labels, counts = np.unique(images.labels[indices], return_counts=True)
    names = [images.class_names[label] for label in labels]
    if len(names) == 1:
        return called(names[0])
    return ", ".join(f"{called(name)} ({count:,})" for name, count in zip(names, counts, strict=True))


def listed(examples: np.ndarray, most: int) -> str:
    """Names in words: numbers that follow each other as "4 to 9", and after `most` items how many names remain."""
    names = [str(name) for name in examples]
    runs = [[name] for name in names]
    if all(name.isdecimal() for name in names):
        steps = groupby(enumerate(names), lambda item: int(item[1]) - item[0])
        runs = [[name for _, name in step] for _, step in steps]
    items = [", ".join(run) if len(run) < 3 else f"{run[0]} to {run[-1]}" for run in runs[:most]]
    left = sum(map(len, runs[most:]))
    return ", ".join(items) + (f" and {left:,} more" if left else "")
