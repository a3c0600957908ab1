"""Which jobs of a sweep have a finished run already."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Tracking, TrainConfig
from bloodcells.config.typed import plain
from bloodcells.data.load import load
from bloodcells.model.weights import weights_file
from bloodcells.provenance.fingerprint import Fingerprint, config_hash, file_hash, fingerprint
from bloodcells.sweep.expand import Job
from bloodcells.tracking.stored import StoredRun, search
from bloodcells.training.plan import PHASE_2, plan

# The tags of a run that tell what came of it, beside the study that it is filed under.
TAGS = ("sha256.config", "sha256.data", "sha256.code", "sha256.packages", "sha256.initial_weights")
FINISHED = "attributes.status = 'FINISHED'"
Key = tuple[str, ...]


@dataclass(frozen=True)
class Decided:
    """The jobs of a sweep by what is to become of them.

    to_do: are to be run, `keys` tells their results by their numbers; skipped: are done, `done` has the run that did
    wrong: why they cannot be run
    """

    to_do: list[Job]
    keys: dict[int, Key]
    skipped: list[Job]
    done: dict[int, str]
    wrong: dict[Job, InputError]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.to_do) + len(self.skipped) + len(self.wrong)


def decide(jobs: Sequence[Job], done: Mapping[Key, str]) -> Decided:
    """Sorts the jobs; done: what `finished` gives."""
    known = _Known()
    decided = Decided([], {}, [], {}, {})
    phases_1: dict[Key, int] = {}  # the first job of each
    for job in jobs:
        try:
            key = known.key(job)
        except InputError as error:
            decided.wrong[job] = error
            continue
        if key in done:
            decided.done[job.number] = done[key]
            decided.skipped.append(job)
        else:
            decided.to_do.append(job)
            decided.keys[job.number] = key
            phases_1.setdefault(known.phase_1(job), job.number)
    # Those that train a phase 1 before those that take it over: side by side these would wait for it.
    decided.to_do.sort(key=lambda job: job.number not in phases_1.values())
    return decided


def finished(tracking: Tracking, below: str | None) -> dict[Key, str]:
    """The ids of the experiment's finished training runs by what tells their results; the newest of equal ones.

    below: the run that they have to be children of, or None.
    """
    where = FINISHED if below is None else f"{FINISHED} and tags.`mlflow.parentRunId` = '{below}'"
    return {_key_of(run): run.id for run in search(tracking, where)}


def finished_since(tracking: Tracking, key: Key) -> str | None:
    """The id of a finished training run with this key, or None."""
    told = [f"tags.`{tag}` = '{value}'" for tag, value in zip(TAGS, key[1:], strict=True)]
    runs = [run for run in search(tracking, " and ".join([FINISHED, *told])) if _key_of(run) == key]
    return runs[-1].id if runs else None


def _key_of(run: StoredRun) -> Key:
    tags = run.run.data.tags
    return (tags.get("study", ""), *(tags.get(tag, "") for tag in TAGS))


class _Known:
    """What tells the results of jobs apart, with each part of it worked out once.

    Each set of data is read once, and each file of weights had once, downloaded if need be.
    """

    def __init__(self) -> None:
        self._parts: dict[str, str | InputError] = {}
        self._first: Fingerprint | None = None

    def key(self, job: Job) -> Key:
        """Raises InputError for what is wrong with the job, as far as that shows without TensorFlow."""
        if isinstance(job.config, InputError):
            raise job.config
        plan(job.config)
        found = self._fingerprint(job.config)
        return (job.config.study or "", found.config, found.data, found.code, found.packages, found.weights)

    def phase_1(self, job: Job) -> Key:
        """What tells the first phase of a job, which has a key, from those of others."""
        assert isinstance(job.config, TrainConfig)
        found = self._fingerprint(job.config)
        return (config_hash(job.config, *PHASE_2), found.data, found.weights)

    def _fingerprint(self, config: TrainConfig) -> Fingerprint:
        source = {key: value for key, value in plain(config.data).items() if key not in ("clean", "split")}
        weights = self._once(plain(config.backbone), lambda: file_hash(weights_file(config.backbone)))
        data = self._once(source, lambda: load(config.data).sha256)
        self._first = self._first or fingerprint(config, data)
        return replace(self._first, config=config_hash(config), data=data, weights=weights)

    def _once(self, of: Any, work_out: Callable[[], str]) -> str:
        key = json.dumps(of, sort_keys=True)
        if key not in self._parts:
            try:
                self._parts[key] = work_out()
            except InputError as error:
                self._parts[key] = error
        part = self._parts[key]
        if isinstance(part, InputError):
            raise part
        return part
