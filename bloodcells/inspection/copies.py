"""Images that occur more than once: outliers and exact copies."""

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from pandas import DataFrame

from bloodcells.config.schema import CleanConfig
from bloodcells.data.clean import kind_of_copies
from bloodcells.data.copies import exact_copies
from bloodcells.data.images import Images
from bloodcells.inspection.chapter import Block, Chapter
from bloodcells.reporting.sheet import Tile, class_title, sheet, short_name

DRAWN = 40  # images on a sheet, at most
LISTED = 6  # numbers or names in a caption, at most
NAMED = 3  # classes in a caption, at most
KINDS = {"outlier": "outlier", "conflicting": "conflicting copies", "copy": "exact copies"}


@dataclass(frozen=True)
class Copies:
    """All copies of one image. indices: int64, ascending; kind: see `bloodcells.data.clean.kind_of_copies`."""

    indices: np.ndarray
    kind: str


def find_copies(images: Images, repeats: int) -> list[Copies]:
    """The images that occur twice or more: outliers, then conflicting labels, then the rest; most copies first.

    repeats: from this number of copies on, an image is an outlier
    """
    repeated = [Copies(indices, kind_of_copies(images.labels[indices], repeats)) for indices in exact_copies(images)]
    return sorted(repeated, key=lambda copies: (list(KINDS).index(copies.kind), -len(copies.indices)))


def repeated_images(images: Images, repeated: list[Copies], config: CleanConfig) -> Chapter:
    """A contact sheet with one image per entry of `repeated`, and a table with one row per entry."""
    heading = "Outliers and exact copies"
    if not repeated:
        return Chapter(heading, ["No image occurs more than once."])
    tiles = [_tile(images, copies) for copies in repeated[:DRAWN]]
    counts = {label: [len(copies.indices) for copies in repeated if copies.kind == label] for label in KINDS}
    text = ["Each image that occurs more than once is shown once."]
    if outliers := counts["outlier"]:
        text.append(
            f"Outliers, which occur {config.repeats} times or more: {len(outliers):,} ({sum(outliers):,} copies)."
        )
    else:
        text.append(f"No outliers: no image occurs {config.repeats} times or more.")
    if counts["copy"]:
        text.append(f"Copies with the same label: {len(counts['copy']):,}.")
    if counts["conflicting"]:
        text.append(f"Copies with conflicting labels, framed: {len(counts['conflicting']):,}.")
    text.append(
        "Cleaning removes outliers, copies with conflicting labels, and all but the first of the other copies."
        if config.enabled
        else "data.clean.enabled=false: all copies are kept, on the same side of the split."
    )
    rest = f"The first {DRAWN} of {len(repeated):,} are shown. " if len(repeated) > DRAWN else ""
    table = DataFrame(
        {
            "kind": [KINDS[copies.kind] for copies in repeated],
            "copies": [len(copies.indices) for copies in repeated],
            "label": [labels_of(images, copies.indices) for copies in repeated],
            "images": [listed(images.examples[copies.indices], 100) for copies in repeated],
        }
    )
    blocks: list[Block] = [
        " ".join(text),
        ("figures/copies.png", sheet(tiles, 6)),
        f"{rest}All of them, with the numbers or names of the copies:",
        ("copies.csv", table),
    ]
    return Chapter(heading, blocks)


def _tile(images: Images, copies: Copies) -> Tile:
    classes = len(set(images.labels[copies.indices]))
    lines = (
        f"{KINDS[copies.kind]}: {len(copies.indices):,}",
        listed(np.array([short_name(name) for name in images.examples[copies.indices]]), LISTED),
        labels_of(images, copies.indices) if classes <= NAMED else f"{classes} classes",
    )
    return Tile(images.pixels[copies.indices[0]], "\n".join(lines), copies.kind == "conflicting")


def labels_of(images: Images, indices: np.ndarray) -> str:
    """The class of the images at `indices`, or their classes with counts, such as "monocyte (3), platelet (1)"."""
    labels, counts = np.unique(images.labels[indices], return_counts=True)
    names = [images.class_names[label] for label in labels]
    if len(names) == 1:
        return class_title(names[0])
    return ", ".join(f"{class_title(name)} ({count:,})" for name, count in zip(names, counts, strict=True))


def listed(examples: np.ndarray, most: int) -> str:
    """Names as text: consecutive numbers as "4 to 9"; after `most` items, only how many more there are."""
    names = [str(name) for name in examples]
    runs = [[name] for name in names]
    if all(name.isdecimal() for name in names):
        steps = groupby(enumerate(names), lambda item: int(item[1]) - item[0])
        runs = [[name for _, name in step] for _, step in steps]
    items = [", ".join(run) if len(run) < 3 else f"{run[0]} to {run[-1]}" for run in runs[:most]]
    left = sum(map(len, runs[most:]))
    return ", ".join(items) + (f" and {left:,} more" if left else "")
