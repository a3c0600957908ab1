"""Checkpoints of unfinished runs: where training state is saved, and how the same command claims it to resume.

Needs no TensorFlow until an identity is computed.
"""

import json
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import mlflow
from filelock import FileLock, Timeout
from mlflow.entities import Run as MlflowRun

from bloodcells.config.names import Tag
from bloodcells.config.schema import TrainConfig
from bloodcells.provenance.fingerprint import Fingerprint
from bloodcells.tracking.store import Store

log = logging.getLogger(__name__)
# The bits of a result depend on these properties of the machine and these parts of the fingerprint.
MACHINE = ("processor", "gpus", "python", "threads", "variables")
HASHES = ("config", "data", "code", "packages", "weights")
JOB_LOCK = ".job-{}.lock"  # file that a job of a sweep locks while it runs, by what identifies its result
PARTIAL = ".partial-"  # prefix of a folder that is being created or removed


@dataclass(frozen=True)
class Checkpoint:
    """A folder for the training state of one run, which carries the folder's name as `Tag.CHECKPOINT`."""

    store: Store
    folder: Path
    identity: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def file(self) -> Path:
        """The training state, written by `StateFile`."""
        return self.folder / "state.npz"

    def remove(self) -> None:
        """Deletes the folder, which marks its run as complete. Raises InputError if that fails."""
        with self.store.errors(), folder_lock(self.folder.parent), suppress(FileNotFoundError):
            # Renamed first, which is atomic: if removing it is interrupted, `_new` deletes the rest.
            removed = self.folder.rename(self.folder.with_name(f"{PARTIAL}{self.name}"))
            shutil.rmtree(removed, ignore_errors=True)


@contextmanager
def claim(store: Store, identity: Mapping[str, str]) -> Iterator[Checkpoint]:
    """The checkpoint that an interrupted run with the same `identity` left, or a new one.

    identity: as from `identity_of`; a checkpoint is resumed only if all of it matches.
    The checkpoint of a live run is locked; the system releases the lock even if the process is killed.
    Raises InputError if no checkpoint can be created.
    """
    with store.errors():
        store.checkpoints.mkdir(parents=True, exist_ok=True)
        with folder_lock(store.checkpoints):
            checkpoint, lock = _existing(store, identity) or _new(store, identity)
    try:
        yield checkpoint
    finally:
        lock.release()


def folder_lock(folder: Path) -> FileLock:
    """A lock to hold while checkpoints are listed, created or removed."""
    return FileLock(folder / ".lock")


def run_of(checkpoint: str) -> MlflowRun | None:
    """The run with this checkpoint in the store that MLflow points at, or None."""
    runs = mlflow.search_runs(
        search_all_experiments=True, filter_string=f"tags.{Tag.CHECKPOINT} = '{checkpoint}'", output_format="list"
    )
    return runs[0] if runs else None


def identity_of(config: TrainConfig, store: Store, fingerprint: Fingerprint, *, reproduces: str = "") -> dict[str, str]:
    """What distinguishes a training run from all others: where it is stored and what its result depends on.

    reproduces: the id of the run that it repeats, or ""
    """
    filed = {"experiment": store.experiment, "study": config.study or "", "reproduces": reproduces}
    return filed | result_identity(config, fingerprint)


def result_identity(config: TrainConfig, fingerprint: Fingerprint) -> dict[str, str]:
    """What the bits of a result depend on: config, data, code, packages, initial weights and machine."""
    from bloodcells.provenance.machine import machine
    from bloodcells.training.devices import threads

    facts = machine(threads(config.training))
    return {key: getattr(fingerprint, key) for key in HASHES} | {key: str(facts[key]) for key in MACHINE}


def _existing(store: Store, identity: Mapping[str, str]) -> tuple[Checkpoint, FileLock] | None:
    files = store.checkpoints.glob("[!.]*/identity.json")
    for file in sorted(files, key=lambda file: file.stat().st_mtime, reverse=True):
        other = _identity_in(file)
        changed = [key for key in identity if other.get(key) != identity[key]]
        if changed and not set(changed) <= {*HASHES[1:], *MACHINE}:
            continue  # belongs to another config
        lock = FileLock(file.parent / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:  # its run is alive
            if not changed:
                log.info("the same run is already in progress in another process: this is an independent one")
            continue
        if not changed:
            return Checkpoint(store, file.parent, identity), lock
        lock.release()
        log.info(
            "an interrupted run of this config is not resumed, because of a change in %s; its state remains in %s: "
            "delete that folder if you no longer need it",
            *(" and ".join(changed), file.parent),
        )
    return None


def _identity_in(file: Path) -> dict[str, str]:
    try:
        return dict(json.loads(file.read_text()))
    except ValueError:  # a power cut can leave an empty file
        return {}


def _new(store: Store, identity: Mapping[str, str]) -> tuple[Checkpoint, FileLock]:
    for partial in store.checkpoints.glob(f"{PARTIAL}*"):
        shutil.rmtree(partial, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(dir=store.checkpoints, prefix=PARTIAL))
    (partial / "identity.json").write_text(json.dumps(dict(identity), indent=2))
    checkpoint = Checkpoint(store, partial.rename(store.checkpoints / uuid4().hex), identity)
    lock = FileLock(checkpoint.folder / "lock")
    lock.acquire(timeout=0)
    return checkpoint, lock
