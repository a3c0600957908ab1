"""Groups runs that differ only in their seed into configurations, and names these by their distinguishing params."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bloodcells.comparison.runs import MEASURES, RunPredictions
from bloodcells.config.errors import InputError
from bloodcells.config.names import Tag
from bloodcells.tracking.stored_run import StoredRun

FIRST = ("backbone", "head", "augmentation", "optimizer", "loss", "unfreeze")  # keys that names prefer

Params = Mapping[str, str]


@dataclass(frozen=True)
class Configuration:
    """Runs that differ only in their seed.

    label: a unique name; params: all except the seed, and under `Tag.DATA` the first digits of the hash of the data
    runs, predictions: by seed, in increasing order
    """

    label: str
    params: dict[str, str]
    runs: dict[int, StoredRun]
    predictions: dict[int, RunPredictions]

    @property
    def stands_in(self) -> bool:
        """Whether a small backbone was trained in place of a large one."""
        return any(Tag.STAND_IN_FOR in run.tags for run in self.runs.values())

    def number(self, tag: str) -> int | None:
        """The value of `Tag.STEP` or `Tag.FOLLOWS` of the newest run; None if it is not set."""
        return _number(max(self.runs.values(), key=lambda run: run.start_time), tag)


def gather(
    runs: Sequence[StoredRun], predictions: Mapping[str, RunPredictions | InputError]
) -> tuple[list[Configuration], list[str]]:
    """Configurations in the order of their steps, otherwise of their first runs, and remarks on what is left out.

    runs: oldest first; predictions: by run id, as from `read_predictions`. Of several runs with the same configuration
    and seed, the newest is used. A remark lists the seeds that a configuration lacks but other runs have, finished or
    not.

    Raises InputError if no run can be used.
    """
    remarks: list[str] = []
    usable: dict[str, RunPredictions] = {}
    for run in runs:
        result = predictions.get(run.id)
        if isinstance(result, RunPredictions):
            usable[run.id] = result
        else:
            remarks.append(str(result) if result else f"run {run.name} ({run.id}) is {run.status} and left out")
    for measure in dict.fromkeys(measure for result in usable.values() for measure in result.variants):
        if len({result.variants[measure] for result in usable.values() if measure in result.variants}) > 1:
            remarks.append(
                f"the runs were evaluated on different distortions, so {MEASURES[measure]} is not compared; train with "
                "the same settings of evaluation, or filter the runs"
            )
            usable = {run: result.without(measure) for run, result in usable.items()}
    if not usable:
        raise InputError(f"none of {len(runs)} runs can be compared: expected one that is FINISHED; {remarks[-1]}")
    by_params: dict[tuple[tuple[str, str], ...], list[StoredRun]] = {}
    for run in runs:
        by_params.setdefault(_key(run), []).append(run)
    groups = {key: [run for run in group if run.id in usable] for key, group in by_params.items()}
    groups = dict(sorted(((key, group) for key, group in groups.items() if group), key=lambda item: _step(item[1][-1])))
    seeds = sorted({_seed(run) for run in runs if "seed" in run.params})
    newest = [dict(sorted({_seed(run): run for run in group}.items())) for group in groups.values()]
    labels = unique_labels([_label(by_seed.values()) for by_seed in newest], [dict(key) for key in groups])
    configurations = []
    for label, by_seed, (key, group) in zip(labels, newest, groups.items(), strict=True):
        for run in group:
            if run is not (newer := by_seed[_seed(run)]):
                remarks.append(
                    f"{label}: seed {_seed(run)} was trained more than once; run {newer.id} is used, the older "
                    f"{run.id} is left out"
                )
        if missing := [seed for seed in seeds if seed not in by_seed]:
            plural = "s" if len(missing) > 1 else ""
            remarks.append(f"{label}: seed{plural} {', '.join(map(str, missing))} missing")
        by_seed_predictions = {seed: usable[run.id] for seed, run in by_seed.items()}
        configurations.append(Configuration(label, dict(key), by_seed, by_seed_predictions))
    if len({configuration.params[Tag.DATA] for configuration in configurations}) > 1:
        remarks.append("the rows were trained on different data; paired tests compare only rows with the same data")
    return configurations, remarks


def previous_rows(configurations: Sequence[Configuration]) -> list[int | None]:
    """For each configuration, the index of the one it follows, by default the one before it; None for the first."""
    steps = {(item.number(Tag.STEP), item.params[Tag.DATA]): index for index, item in enumerate(configurations)}
    indices = [
        steps.get((item.number(Tag.FOLLOWS) or 0, item.params[Tag.DATA]), index - 1)
        for index, item in enumerate(configurations)
    ]
    return [None if index < 0 else index for index in indices]


def _key(run: StoredRun) -> tuple[tuple[str, str], ...]:
    params = {key: value for key, value in run.params.items() if key != "seed"}
    return tuple(sorted((params | {Tag.DATA: run.tags.get(Tag.DATA, "unknown")[:12]}).items()))


def _label(runs: Iterable[StoredRun]) -> str | None:
    """The label of all runs, if it is the same."""
    labels = {run.tags.get(Tag.LABEL) for run in runs}
    return labels.pop() if len(labels) == 1 else None


def _step(run: StoredRun) -> float:
    """The run's step in its study; runs without one sort last."""
    return _number(run, Tag.STEP) or math.inf


def _number(run: StoredRun, tag: str) -> int | None:
    text = run.tags.get(tag, "")
    return int(text) if text.isdecimal() else None


def _seed(run: StoredRun) -> int:
    return int(run.params["seed"])


def distinguishing(configurations: Sequence[Params]) -> list[str]:
    """Keys that together distinguish the configurations: short keys first, none that earlier ones already imply."""
    groups: list[tuple[str | None, ...]] = [() for _ in configurations]
    chosen: list[str] = []
    for key in sorted(varying(configurations), key=_rank):
        finer = [(*group, params.get(key)) for group, params in zip(groups, configurations, strict=True)]
        if len(set(finer)) > len(set(groups)):
            groups, chosen = finer, [*chosen, key]
    return chosen


def varying(configurations: Sequence[Params]) -> list[str]:
    """Keys whose values differ, including keys that only some configurations have."""
    keys = dict.fromkeys(key for params in configurations for key in params)
    return [key for key in keys if len({params.get(key) for params in configurations}) > 1]


def default_labels(configurations: Sequence[Params]) -> list[str]:
    """Unique names made of the distinguishing keys, such as "backbone=vgg19, optimizer=lion"."""
    keys = distinguishing(configurations) or [key for key in FIRST if key in configurations[0]][:1]
    names = [", ".join(f"{key}={params[key]}" for key in keys if key in params) for params in configurations]
    if "" in names or len(set(names)) < len(names):
        names = [", ".join(f"{key}={params.get(key, '-')}" for key in keys) for params in configurations]
    return names


def unique_labels(given: Sequence[str | None], configurations: Sequence[Params]) -> list[str]:
    """The given label of each, or a default one; appends distinguishing keys to labels that several share."""
    names = [label or name for label, name in zip(given, default_labels(configurations), strict=True)]
    for label in {label for label in given if label and given.count(label) > 1}:
        places = [place for place, other in enumerate(given) if other == label]
        for place, suffix in zip(places, default_labels([configurations[place] for place in places]), strict=True):
            names[place] = f"{label}, {suffix}"
    return names


def _rank(key: str) -> tuple[int, int, str]:
    return (FIRST.index(key) if key in FIRST else len(FIRST), key.count("."), key)
