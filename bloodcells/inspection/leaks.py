"""Copies across a split: the pairs of near copies, and what a split that knew of no copies would leak."""

from collections.abc import Mapping, Sequence

import numpy as np
from pandas import DataFrame

from bloodcells.data.clean import Cleaned
from bloodcells.data.images import Images
from bloodcells.data.split import PARTS, Split
from bloodcells.inspection.chapter import Block, Chapter
from bloodcells.inspection.copies import DRAWN, Copies
from bloodcells.reporting.sheet import Tile, called, sheet, short

HEADING = "Near copies, and copies across a split"


def across(images: Images, cleaned: Cleaned, parts: Split, found: list[Copies], seed: int) -> Chapter:
    """The pairs of near copies with the part each is in, and all copies across a split of all images that knows none.

    images: as loaded; parts: the split of the cleaned ones, drawn from `seed`.
    """
    place = {str(name): index for index, name in enumerate(images.examples)}
    pairs = [np.array([place[first], place[second]]) for first, second in cleaned.near]
    sets = {
        "pairs of near copies": pairs,
        "outliers": [copies.indices for copies in found if copies.kind == "outlier"],
        "sets of exact copies": [copies.indices for copies in found if copies.kind != "outlier"],
    }
    copied = [indices for some in sets.values() for indices in some]
    if not copied:
        return Chapter(HEADING, ["No two images are copies of each other, nearly or exactly: any split will do."])
    here = np.array([parts.part_of.get(str(name), "") for name in images.examples])
    shares = np.array([len(getattr(parts, part)) for part in PARTS]) / len(cleaned.images)
    unaware = unaware_split(images.labels, shares, seed)
    tested, leaking = int((unaware != "training").sum()), leaked(copied, unaware)
    return Chapter(
        HEADING,
        [
            *_near(images, pairs, here),
            "A plain stratified random split of all images, of the same shares and seed, knows of no copies: in it "
            f"{leaking:,} of the {tested:,} images to validate and test with ({leaking / max(tested, 1):.1%}) have a "
            "copy in training, which a model can answer from memory. The table counts the copies that stand on more "
            "than one side: in this split, in that one, and what is to be expected of such splits whatever the seed.",
            ("leaks.csv", leaks(sets, here, unaware, shares)),
        ],
    )


def unaware_split(labels: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """The part of each image, str (n,), under a plain stratified random split; shares: (3,), in the order of PARTS."""
    order = np.random.default_rng(seed).permutation(len(labels))
    parts = np.full(len(labels), "training", "<U10")
    for label in np.unique(labels):
        members = order[labels[order] == label]
        trained, validated = np.rint(np.cumsum(shares[:2]) * len(members)).astype(int)
        parts[members[trained:validated]] = "validation"
        parts[members[validated:]] = "test"
    return parts


def leaked(sets: Sequence[np.ndarray], parts: np.ndarray) -> int:
    """How many images of validation and test have a copy in training; sets: indices of copies of each other."""
    leaking: set[int] = set()
    for indices in sets:
        if "training" in parts[indices]:
            leaking |= set(indices[np.isin(parts[indices], ("validation", "test"))].tolist())
    return len(leaking)


def leaks(
    sets: Mapping[str, Sequence[np.ndarray]], here: np.ndarray, unaware: np.ndarray, shares: np.ndarray
) -> DataFrame:
    """A row for each kind of sets of copies: how many there are, and how many stand on more than one side.

    here, unaware: str (n,), the part of each image, "" where it left; shares: those of the parts. A set of k copies
    stands on more than one side with the chance 1 - sum of share^k.
    """
    return DataFrame(
        {
            "copies": list(sets),
            "found": [len(some) for some in sets.values()],
            "apart in this split": [_apart(some, here) for some in sets.values()],
            "apart in an unaware split": [_apart(some, unaware) for some in sets.values()],
            "expected of unaware splits": [
                round(sum(1 - float((shares ** len(indices)).sum()) for indices in some), 1) for some in sets.values()
            ],
        }
    )


def _apart(sets: Sequence[np.ndarray], parts: np.ndarray) -> int:
    return sum(len(set(parts[indices]) - {""}) > 1 for indices in sets)


def _near(images: Images, pairs: Sequence[np.ndarray], here: np.ndarray) -> list[Block]:
    if not pairs:
        return ["No two images show the same cell, moved or saved again."]
    pairs = sorted(pairs, key=lambda pair: images.labels[pair[0]] == images.labels[pair[1]])
    contradictory = sum(images.labels[first] != images.labels[second] for first, second in pairs)
    apart = _apart(pairs, here)
    told = [
        f"Pairs of images that show the same cell, moved or saved again: {len(pairs):,}.",
        f"{apart:,} of them stand apart in this split." if apart else "In this split none of them stands on two sides.",
        f"Those whose labels contradict each other are framed: {contradictory:,}." if contradictory else "",
        f"The first {DRAWN} are drawn; data/near_copies.csv of the run lists them all." if len(pairs) > DRAWN else "",
    ]
    return [
        " ".join(filter(None, told)),
        ("figures/near_copies.png", sheet([_pair(images, pair, here) for pair in pairs[:DRAWN]], 3, side=3.2)),
    ]


def _pair(images: Images, pair: np.ndarray, here: np.ndarray) -> Tile:
    first, second = pair
    names = [short(images.examples[k]) for k in pair]
    classes = [called(images.class_names[images.labels[k]]) for k in pair]
    contradictory = classes[0] != classes[1]
    classified = " against ".join(classes) if contradictory else classes[0]
    parts = f"in {here[first]}" if here[first] == here[second] else f"in {here[first]} and {here[second]}"
    gap = np.full((images.size[0], max(images.size[1] // 24, 1), 3), 255, np.uint8)
    pixels = np.concatenate([images.pixels[first], gap, images.pixels[second]], axis=1)
    return Tile(pixels, f"{names[0]} and {names[1]}\n{classified}\n{parts}", contradictory)
