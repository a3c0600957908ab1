"""Runs gathered into configurations: all that was chosen but the seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bloodcells.comparison.answers import Answers
from bloodcells.comparison.labels import labels
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


def gather(
    runs: Sequence[StoredRun], answers: Mapping[str, Answers | InputError]
) -> tuple[list[Configuration], list[str]]:
    """Configurations in the order of their first run, and a remark on each run or seed that is not in them.

    runs: the oldest first; answers: by the id of the run. Of two finished runs of one configuration and seed the newer
    counts. Each configuration is expected to have the seeds that any other has, finished or not.

    Raises InputError where no run can be used.
    """
    remarks, used = [], []
    for run in runs:
        answered = answers.get(run.id)
        if isinstance(answered, Answers):
            used.append(run)
        else:
            remarks.append(str(answered) if answered else f"run {run.name} ({run.id}) is {run.status} and not counted")
    if not used:
        raise InputError(f"none of {len(runs)} runs can be compared: expected one that FINISHED; {remarks[-1]}")
    by_params: dict[tuple[tuple[str, str], ...], list[StoredRun]] = {}
    for run in runs:
        by_params.setdefault(_key(run), []).append(run)
    kept = {key: [run for run in group if run in used] for key, group in by_params.items()}
    kept = {key: group for key, group in kept.items() if group}
    seeds = sorted({_seed(run) for run in runs if "seed" in run.run.data.params})
    configurations = []
    for label, (key, group) in zip(labels([dict(key) for key in kept]), kept.items(), strict=True):
        by_seed = {_seed(run): run for run in group}  # the newest last
        for run in group:
            if run is not (newer := by_seed[_seed(run)]):
                remarks.append(
                    f"{label}: seed {_seed(run)} was trained twice; the newer run {newer.id} counts, {run.id} does not"
                )
        if missing := [seed for seed in seeds if seed not in by_seed]:
            plural = "s" if len(missing) > 1 else ""
            remarks.append(f"{label}: seed{plural} {', '.join(map(str, missing))} missing")
        by_seed = dict(sorted(by_seed.items()))
        found = {seed: answers[run.id] for seed, run in by_seed.items()}
        configurations.append(
            Configuration(label, dict(key), by_seed, {s: a for s, a in found.items() if isinstance(a, Answers)})
        )
    if len({configuration.params[DATA] for configuration in configurations}) > 1:
        remarks.append("not all rows are of the same data: rows of different data are not compared by a paired test")
    return configurations, remarks


def _key(run: StoredRun) -> tuple[tuple[str, str], ...]:
    params = {key: value for key, value in run.run.data.params.items() if key != "seed"}
    return tuple(sorted((params | {DATA: run.run.data.tags.get(DATA, "unknown")[:12]}).items()))


def _seed(run: StoredRun) -> int:
    return int(run.run.data.params["seed"])
