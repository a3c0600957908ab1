"""Decides which jobs of a sweep to run: those without a finished run of the same config, data, code and packages."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bloodcells.config.errors import InputError
from bloodcells.config.names import Tag
from bloodcells.config.schema import Tracking, TrainConfig
from bloodcells.config.typed import plain
from bloodcells.data.cache import load
from bloodcells.model.weights import weights_file
from bloodcells.provenance.fingerprint import Fingerprint, config_hash, file_hash, fingerprint
from bloodcells.sweep.expand import Job
from bloodcells.tracking.find import search
from bloodcells.tracking.store import Store, store_of
from bloodcells.tracking.stored_run import StoredRun
from bloodcells.training.plan import PHASE_2, plan

# Together with the study, these tags identify the result of a run.
TAGS = (Tag.CONFIG, Tag.DATA, Tag.CODE, Tag.PACKAGES, Tag.INITIAL_WEIGHTS)
FINISHED = "attributes.status = 'FINISHED'"
Key = tuple[str, ...]


@dataclass(frozen=True)
class Decided:
    """The jobs of a sweep, sorted by what happens to them.

    to_do: jobs to run
    keys: by job number, what identifies the result of a job to run
    skipped: jobs that have a finished run
    finished_runs: by job number, the id of that run
    invalid: jobs that cannot run, with the reason
    """

    to_do: list[Job]
    keys: dict[int, Key]
    skipped: list[Job]
    finished_runs: dict[int, str]
    invalid: dict[Job, InputError]

    @property
    def total(self) -> int:
        """The number of jobs."""
        return len(self.to_do) + len(self.skipped) + len(self.invalid)


def decide(jobs: Sequence[Job], finished: Mapping[Key, str]) -> Decided:
    """Sorts jobs into those to run, those to skip and those that cannot run.

    finished: run ids by key, as `finished_runs` returns them
    """
    keys = Keys()
    decided = Decided([], {}, [], {}, {})
    first_of_phase_1: dict[Key, int] = {}
    for job in jobs:
        try:
            key = keys.result(job)
        except InputError as error:
            decided.invalid[job] = error
            continue
        if key in finished:
            decided.finished_runs[job.number] = finished[key]
            decided.skipped.append(job)
        else:
            decided.to_do.append(job)
            decided.keys[job.number] = key
            first_of_phase_1.setdefault(keys.phase_1(job), job.number)
    # Jobs that train a phase 1 come before jobs that reuse it: in parallel, the latter would only wait.
    decided.to_do.sort(key=lambda job: job.number not in first_of_phase_1.values())
    return decided


def finished_runs(tracking: Tracking, parent: str | None) -> dict[Key, str]:
    """The ids of the experiment's finished training runs by key; if several have the same key, the newest.

    parent: the id of a sweep's run, to include only its jobs; None to include all runs
    """
    where = FINISHED if parent is None else f"{FINISHED} and {within(parent)}"
    return {_key_of(run): run.id for run in search(tracking, where, store_of(tracking))}


def within(parent: str) -> str:
    """The filter, in MLflow's search language, for the runs of the sweep with this id."""
    return f"tags.`{Tag.PARENT}` = '{parent}'"


def finished_run(tracking: Tracking, key: Key) -> str | None:
    """The id of the newest finished training run with this key, or None."""
    runs = runs_with(tracking, key, FINISHED)
    return runs[-1].id if runs else None


def runs_with(tracking: Tracking, key: Key, *conditions: str, store: Store | None = None) -> list[StoredRun]:
    """The training runs with this key, oldest first.

    conditions: more filters in MLflow's search language; store: where to look, by default where runs are written
    """
    tags = [f"tags.`{tag}` = '{value}'" for tag, value in zip(TAGS, key[1:], strict=True)]
    found = search(tracking, " and ".join([*conditions, *tags]), store or store_of(tracking))
    return [run for run in found if _key_of(run) == key]


def _key_of(run: StoredRun) -> Key:
    tags = run.tags
    return (tags.get(Tag.STUDY, ""), *(tags.get(tag, "") for tag in TAGS))


class Keys:
    """Keys that identify the results of jobs. Loads each data set and each file of weights once."""

    def __init__(self) -> None:
        self._parts: dict[str, str | InputError] = {}
        self._first: Fingerprint | None = None

    def result(self, job: Job) -> Key:
        """What identifies the result of a job.

        Raises InputError if the job cannot run, as far as that can be checked without training.
        """
        if isinstance(job.config, InputError):
            raise job.config
        plan(job.config)
        hashes = self._fingerprint(job.config)
        return (job.config.study or "", hashes.config, hashes.data, hashes.code, hashes.packages, hashes.weights)

    def phase_1(self, job: Job) -> Key:
        """What identifies the phase 1 of a job that can run."""
        assert isinstance(job.config, TrainConfig)
        hashes = self._fingerprint(job.config)
        return (config_hash(job.config, *PHASE_2), hashes.data, hashes.weights)

    def _fingerprint(self, config: TrainConfig) -> Fingerprint:
        source = {key: value for key, value in plain(config.data).items() if key not in ("clean", "split")}
        weights = self._once(plain(config.backbone), lambda: file_hash(weights_file(config.backbone)))
        data = self._once(source, lambda: load(config.data).sha256)
        self._first = self._first or fingerprint(config, data)
        return replace(self._first, config=config_hash(config), data=data, weights=weights)

    def _once(self, settings: Any, compute: Callable[[], str]) -> str:
        """The hash that `compute` returns for these settings, or the error that it raises, computed once."""
        key = json.dumps(settings, sort_keys=True)
        if key not in self._parts:
            try:
                self._parts[key] = compute()
            except InputError as error:
                self._parts[key] = error
        part = self._parts[key]
        if isinstance(part, InputError):
            raise part
        return part
