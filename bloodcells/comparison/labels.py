"""What tells configurations apart, and the names of rows: those given to them, or made of it."""

from collections.abc import Mapping, Sequence

FIRST = ("backbone", "head", "augmentation", "optimizer", "loss", "unfreeze")  # what a study is mostly about

Params = Mapping[str, str]


def telling(configurations: Sequence[Params]) -> list[str]:
    """The keys that tell configurations apart: short ones first, none that those before it imply already."""
    groups: list[tuple[str | None, ...]] = [() for _ in configurations]
    chosen: list[str] = []
    for key in sorted(varying(configurations), key=_rank):
        finer = [(*group, params.get(key)) for group, params in zip(groups, configurations, strict=True)]
        if len(set(finer)) > len(set(groups)):
            groups, chosen = finer, [*chosen, key]
    return chosen


def varying(configurations: Sequence[Params]) -> list[str]:
    """The keys whose value is not the same in all configurations; one that is not set in some varies too."""
    keys = dict.fromkeys(key for params in configurations for key in params)
    return [key for key in keys if len({params.get(key) for params in configurations}) > 1]


def labels(configurations: Sequence[Params]) -> list[str]:
    """A name for each, such as "backbone=vgg19, optimizer=lion"; each once."""
    keys = telling(configurations) or [key for key in FIRST if key in configurations[0]][:1]
    names = [", ".join(f"{key}={params[key]}" for key in keys if key in params) for params in configurations]
    if "" in names or len(set(names)) < len(names):
        names = [", ".join(f"{key}={params.get(key, '-')}" for key in keys) for params in configurations]
    return names


def named(given: Sequence[str | None], configurations: Sequence[Params]) -> list[str]:
    """The label given to each, or without one a name as `labels` makes it; each once.

    Where several were given the same, what tells these apart stands behind it.
    """
    names = [label or name for label, name in zip(given, labels(configurations), strict=True)]
    for label in {label for label in given if label and given.count(label) > 1}:
        places = [place for place, other in enumerate(given) if other == label]
        for place, apart in zip(places, labels([configurations[place] for place in places]), strict=True):
            names[place] = f"{label}, {apart}"
    return names


def _rank(key: str) -> tuple[int, int, str]:
    return (FIRST.index(key) if key in FIRST else len(FIRST), key.count("."), key)
