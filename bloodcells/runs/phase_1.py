"""Shares phase 1 in a sweep: jobs that differ only in phase 2 reuse it from the job that trained it."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import mlflow
import tensorflow as tf
from filelock import FileLock, Timeout

from bloodcells.config.errors import InputError
from bloodcells.config.names import Tag
from bloodcells.config.schema import TrainConfig
from bloodcells.provenance.fingerprint import Fingerprint, config_hash
from bloodcells.provenance.machine import unrepeatable
from bloodcells.runs.checkpoint import Checkpoint, result_identity
from bloodcells.runs.sweep_run import SweepJob
from bloodcells.tracking.live_run import LiveRun
from bloodcells.training.plan import PHASE_2
from bloodcells.training.state import State, StateFile, identity_hash

log = logging.getLogger(__name__)


class SharingFile(StateFile):
    """Training state of a run that reuses phase 1 from another run of its sweep, or trains and shares it.

    The run that trains phase 1 holds a lock, which the system releases even if its process is killed. Then the next
    waiting run takes the lock.
    """

    def __init__(self, checkpoint: Checkpoint, folder: Path, *, identity: Mapping[str, str], run_id: str) -> None:
        """identity: everything that phase 1 depends on; folder: where the sweep's runs share this phase 1."""
        super().__init__(checkpoint.file, checkpoint.identity)
        self._folder, self._phase_1, self._run_id = folder, identity, run_id
        self._lock = FileLock(folder / "lock")

    def take(self) -> None:
        """Waits while another run trains phase 1, then adopts its result as this run's state, if there is one.

        Raises InputError if this run's own state cannot be read or written.
        """
        own = super().read()
        if own and _phase_1_ended(own):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            log.info("waiting for phase 1, which another job of this sweep is training")
            self._lock.acquire()
        shared = self._shared()
        mlflow.set_tag(Tag.PHASE_1, shared[0] if shared else self._run_id)
        if shared:
            run_id, state = shared
            super().write(state)
            self.release()
            log.info("phase 1 is reused from run %s of this sweep: %d epochs", run_id, len(state.history))

    def _shared(self) -> tuple[str, State] | None:
        for file in sorted(self._folder.glob("*.npz")):
            try:
                if state := StateFile(file, self._phase_1).read():
                    return file.stem, state
            except InputError as error:
                log.info("phase 1 of run %s cannot be reused (%s)", file.stem, error.__cause__ or error)
        return None

    def write(self, state: State) -> None:
        """Writes the state; at the end of phase 1, also for the sweep's other jobs."""
        if state.stage == 0 and state.ended:
            try:
                # Phase 2 starts with a new optimizer and schedule.
                StateFile(self._folder / f"{self._run_id}.npz", self._phase_1).write(
                    replace(state, optimizer=[], schedule={})
                )
            except InputError as error:
                log.info("phase 1 is not shared with the sweep's other jobs (%s)", error.__cause__)
        super().write(state)
        if _phase_1_ended(state):
            self.release()

    def release(self) -> None:
        """Releases the lock, if this run holds it, so that another run can train or reuse phase 1."""
        self._lock.release()


def _phase_1_ended(state: State) -> bool:
    return state.stage > 0 or state.ended


@contextmanager
def shared_state(
    config: TrainConfig, fingerprint: Fingerprint, checkpoint: Checkpoint, *, job: SweepJob, run: LiveRun
) -> Iterator[StateFile]:
    """The training state of `run`, with phase 1 complete in it if another run of the sweep has trained it.

    A phase 1 that is not reproducible is not shared, since each run must have the result that it would have alone.
    Raises InputError as `SharingFile.take` does, and if the store or the folder cannot be written.
    """
    if config.training.feature_extraction.epochs == 0:
        yield StateFile(checkpoint.file, checkpoint.identity)
        return
    if reasons := unrepeatable(config, bool(tf.config.list_physical_devices("GPU"))):
        log.info("phase 1 is not shared with the sweep's other jobs: %s", reasons[0])
        yield StateFile(checkpoint.file, checkpoint.identity)
        return
    identity = phase_1_identity(config, fingerprint)
    file = SharingFile(checkpoint, job.shared / identity_hash(identity)[:16], identity=identity, run_id=run.id)
    try:
        with checkpoint.store.errors():
            file.take()
            run.note = _note(run.id)
        yield file
    finally:
        file.release()


def phase_1_identity(config: TrainConfig, fingerprint: Fingerprint) -> dict[str, str]:
    """What the result of phase 1 depends on: everything that the result of the run does, except phase 2's settings."""
    return result_identity(config, replace(fingerprint, config=config_hash(config, *PHASE_2)))


def _note(run_id: str) -> str:
    trained_by = mlflow.get_run(run_id).data.tags.get(Tag.PHASE_1, run_id)
    if trained_by == run_id:
        return ""
    return f"- phase 1 is reused from run {trained_by} of the same sweep; its training time is counted here, too"
