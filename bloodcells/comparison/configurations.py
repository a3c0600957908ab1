"""Runs gathered into configurations: all that was chosen but the seed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bloodcells.comparison.answers import Answers
from bloodcells.comparison.labels import named
from bloodcells.config.errors import InputError
from bloodcells.tracking.stored import StoredRun

DATA = "sha256.data"


@dataclass(frozen=True)
class Configuration:
    """Runs that differ in their seed alone.

    params: all but the seed, and under "sha256.data" the beginning of the hash of the data
    runs, answers: by seed, in the order of the seeds
    """

    label: str
    params: dict[str, str]
    runs: dict[int, StoredRun]
    answers: dict[int, Answers]

    def number(self, tag: str) -> int | None:
        """The `step` of its study that it is, or that it `follows`, by its newest run; None where that was not set."""
        return _number(max(self.runs.values(), key=lambda run: run.run.info.start_time), tag)


def gather(
    runs: Sequence[StoredRun], answers: Mapping[str, Answers | InputError]
) -> tuple[list[Configuration], list[str]]:
    """Configurations in the order of their steps or else of their first run, and a remark on each run or seed left out.

    runs: the oldest first; answers: by the id of the run. Of two finished runs of one configuration and seed the newer
    counts. Each configuration is expected to have the seeds that any other has, finished or not.

    Raises InputError where no run can be used.
    """
    remarks: list[str] = []
    answered: dict[str, Answers] = {}
    for run in runs:
        found_of = answers.get(run.id)
        if isinstance(found_of, Answers):
            answered[run.id] = found_of
        else:
            remarks.append(str(found_of) if found_of else f"run {run.name} ({run.id}) is {run.status} and not counted")
    if len({answer.variants for answer in answered.values() if answer.variants}) > 1:
        remarks.append(
            "not all runs were shifted in the same ways and severities: no shifted accuracy is compared; "
            "`python -m bloodcells.train evaluation.shift.severities=…` or a filter makes them alike"
        )
        answered = {run: replace(answer, robust=None, distortions={}) for run, answer in answered.items()}
    if not answered:
        raise InputError(f"none of {len(runs)} runs can be compared: expected one that FINISHED; {remarks[-1]}")
    by_params: dict[tuple[tuple[str, str], ...], list[StoredRun]] = {}
    for run in runs:
        by_params.setdefault(_key(run), []).append(run)
    kept = {key: [run for run in group if run.id in answered] for key, group in by_params.items()}
    kept = dict(sorted(((key, group) for key, group in kept.items() if group), key=lambda item: _step(item[1][-1])))
    seeds = sorted({_seed(run) for run in runs if "seed" in run.run.data.params})
    configurations = []
    counted = [dict(sorted({_seed(run): run for run in group}.items())) for group in kept.values()]  # a seed's newest
    names = named([_label(by_seed.values()) for by_seed in counted], [dict(key) for key in kept])
    for label, by_seed, (key, group) in zip(names, counted, kept.items(), strict=True):
        for run in group:
            if run is not (newer := by_seed[_seed(run)]):
                remarks.append(
                    f"{label}: seed {_seed(run)} was trained twice; the newer run {newer.id} counts, {run.id} does not"
                )
        if missing := [seed for seed in seeds if seed not in by_seed]:
            plural = "s" if len(missing) > 1 else ""
            remarks.append(f"{label}: seed{plural} {', '.join(map(str, missing))} missing")
        found = {seed: answered[run.id] for seed, run in by_seed.items()}
        configurations.append(Configuration(label, dict(key), by_seed, found))
    if len({configuration.params[DATA] for configuration in configurations}) > 1:
        remarks.append("not all rows are of the same data: rows of different data are not compared by a paired test")
    return configurations, remarks


def earlier(configurations: Sequence[Configuration]) -> list[int | None]:
    """The place of what each is a change of: the step it follows, or else the one before; None for the first."""
    steps = {(found.number("step"), found.params[DATA]): place for place, found in enumerate(configurations)}
    found = [
        steps.get((configuration.number("follows") or 0, configuration.params[DATA]), place - 1)
        for place, configuration in enumerate(configurations)
    ]
    return [None if place < 0 else place for place in found]


def _key(run: StoredRun) -> tuple[tuple[str, str], ...]:
    params = {key: value for key, value in run.run.data.params.items() if key != "seed"}
    return tuple(sorted((params | {DATA: run.run.data.tags.get(DATA, "unknown")[:12]}).items()))


def _label(runs: Iterable[StoredRun]) -> str | None:
    """What all of them were called, if that is the same."""
    found = {run.run.data.tags.get("label") for run in runs}
    return found.pop() if len(found) == 1 else None


def _step(run: StoredRun) -> float:
    """A run's number in its study; without one it comes after all that have one."""
    return _number(run, "step") or math.inf


def _number(run: StoredRun, tag: str) -> int | None:
    said = run.run.data.tags.get(tag, "")
    return int(said) if said.isdecimal() else None


def _seed(run: StoredRun) -> int:
    return int(run.run.data.params["seed"])
