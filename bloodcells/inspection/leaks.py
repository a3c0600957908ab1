"""Leakage: near copies, and the copies that a naive split would place in both training and test."""

from collections.abc import Mapping, Sequence

import numpy as np
from pandas import DataFrame

from bloodcells.config.names import Artifact
from bloodcells.data.clean import Cleaned
from bloodcells.data.images import Images
from bloodcells.data.split import PARTS, Split
from bloodcells.inspection.chapter import Block, Chapter
from bloodcells.inspection.copies import DRAWN, Copies
from bloodcells.reporting.sheet import Tile, class_title, sheet, short_name

HEADING = "Near copies and leakage"
NOT_SOUGHT = "Near copies were not looked for, since data.clean.near_copies=false."


def leakage(images: Images, cleaned: Cleaned, parts: Split, *, repeated: list[Copies], seed: int) -> Chapter:
    """Pairs of near copies with their part of the split, and the leakage of a naive split of all images.

    images: as loaded; parts: the split of the cleaned images, drawn from `seed`; repeated: from `find_copies`
    """
    place = {str(name): index for index, name in enumerate(images.examples)}
    pairs = [np.array([place[first], place[second]]) for first, second in cleaned.near or ()]
    sets = {
        "pairs of near copies": pairs,
        "outliers": [copies.indices for copies in repeated if copies.kind == "outlier"],
        "sets of exact copies": [copies.indices for copies in repeated if copies.kind != "outlier"],
    }
    copied = [indices for sets_of_kind in sets.values() for indices in sets_of_kind]
    if not copied and cleaned.near is not None:
        return Chapter(HEADING, ["There are no exact or near copies: no split can leak."])
    if not copied:
        return Chapter(HEADING, [f"There are no exact copies. {NOT_SOUGHT}"])
    actual = np.array([parts.part_of.get(str(name), "") for name in images.examples])
    shares = np.array([len(getattr(parts, part)) for part in PARTS]) / len(cleaned.images)
    naive = naive_split(images.labels, shares, seed)
    held_out, leaked = int((naive != "training").sum()), count_leaked(copied, naive)
    return Chapter(
        HEADING,
        [
            *([NOT_SOUGHT] if cleaned.near is None else _near(images, pairs, actual)),
            "A naive split, a stratified random split of all images with the same shares and seed, ignores copies. It "
            f"leaks {leaked:,} of {held_out:,} validation and test images ({leaked / max(held_out, 1):.1%}): they have "
            "a copy in training, which a model can memorize. The table counts the sets of copies that end up in more "
            "than one part: in this split, in the naive split, and on average over naive splits.",
            ("leaks.csv", leak_table(sets, actual=actual, naive=naive, shares=shares)),
        ],
    )


def naive_split(labels: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """The part of each image, str (n,), in a stratified random split; shares: (3,), in the order of PARTS."""
    order = np.random.default_rng(seed).permutation(len(labels))
    parts = np.full(len(labels), "training", "<U10")
    for label in np.unique(labels):
        members = order[labels[order] == label]
        trained, validated = np.rint(np.cumsum(shares[:2]) * len(members)).astype(int)
        parts[members[trained:validated]] = "validation"
        parts[members[validated:]] = "test"
    return parts


def count_leaked(sets: Sequence[np.ndarray], parts: np.ndarray) -> int:
    """Number of validation and test images with a copy in training; sets: indices of images that are copies."""
    leaking: set[int] = set()
    for indices in sets:
        if "training" in parts[indices]:
            leaking |= set(indices[np.isin(parts[indices], ("validation", "test"))].tolist())
    return len(leaking)


def leak_table(
    sets: Mapping[str, Sequence[np.ndarray]], *, actual: np.ndarray, naive: np.ndarray, shares: np.ndarray
) -> DataFrame:
    """One row per kind of copies: the number of sets, and how many are divided between parts of a split.

    sets: by kind, the indices of the images in each set of copies
    actual, naive: str (n,), the part of each image in either split, "" if cleaning removed it
    shares: float (3,), of the parts; a random split divides a set of k copies with probability 1 - sum(shares**k)
    """
    return DataFrame(
        {
            "copies": list(sets),
            "total": [len(copies) for copies in sets.values()],
            "divided in this split": [_divided(copies, actual) for copies in sets.values()],
            "divided in the naive split": [_divided(copies, naive) for copies in sets.values()],
            "expected in naive splits": [
                round(sum(1 - float((shares ** len(indices)).sum()) for indices in copies), 1)
                for copies in sets.values()
            ],
        }
    )


def _divided(sets: Sequence[np.ndarray], parts: np.ndarray) -> int:
    return sum(len(set(parts[indices]) - {""}) > 1 for indices in sets)


def _near(images: Images, pairs: Sequence[np.ndarray], actual: np.ndarray) -> list[Block]:
    if not pairs:
        return ["There are no near copies, images of the same cell moved or saved again."]
    pairs = sorted(pairs, key=lambda pair: images.labels[pair[0]] == images.labels[pair[1]])
    conflicting = sum(images.labels[first] != images.labels[second] for first, second in pairs)
    divided = _divided(pairs, actual)
    text = [
        f"Near copies, pairs of images of the same cell moved or saved again: {len(pairs):,}.",
        f"This split divides {divided:,} of them." if divided else "This split divides none of them.",
        f"Pairs with conflicting labels, framed: {conflicting:,}." if conflicting else "",
        f"The first {DRAWN} are shown; {Artifact.NEAR_COPIES} of the run lists all." if len(pairs) > DRAWN else "",
    ]
    return [
        " ".join(filter(None, text)),
        ("figures/near_copies.png", sheet([_pair(images, pair, actual) for pair in pairs[:DRAWN]], 3, side=3.2)),
    ]


def _pair(images: Images, pair: np.ndarray, actual: np.ndarray) -> Tile:
    first, second = pair
    names = [short_name(images.examples[k]) for k in pair]
    classes = [class_title(images.class_names[images.labels[k]]) for k in pair]
    conflicting = classes[0] != classes[1]
    label = " and ".join(classes) if conflicting else classes[0]
    parts = " and ".join(dict.fromkeys(actual[pair].tolist()))
    gap = np.full((images.size[0], max(images.size[1] // 24, 1), 3), 255, np.uint8)
    pixels = np.concatenate([images.pixels[first], gap, images.pixels[second]], axis=1)
    return Tile(pixels, f"{names[0]} and {names[1]}\n{label}\nin {parts}", conflicting)
