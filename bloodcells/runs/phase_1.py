"""Phase 1 done once in a sweep: jobs that differ in phase 2 alone take it over from the one that trained it."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import mlflow
import tensorflow as tf
from filelock import FileLock, Timeout

from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, ServerTracking, TrainConfig
from bloodcells.provenance.fingerprint import Fingerprint, config_hash
from bloodcells.provenance.machine import unrepeatable
from bloodcells.runs.identity import depends_on
from bloodcells.runs.sweep_run import SweepJob
from bloodcells.runs.unfinished import Place
from bloodcells.tracking.run import Run
from bloodcells.tracking.store import one_line_errors
from bloodcells.training.plan import PHASE_2
from bloodcells.training.state import State, StateFile, identity_hash

log = logging.getLogger(__name__)
TRAINED_BY = "phase_1"  # the tag with the id of the run that trained a run's phase 1


class SharingFile(StateFile):
    """The state of a run that takes phase 1 over from another of its sweep, or trains it and leaves it to the others.

    Whoever trains it holds a lock, which the system lifts however a process ends: of those that wait the next does it.
    """

    def __init__(self, place: Place, folder: Path, identity: Mapping[str, str], run_id: str) -> None:
        """identity: all that phase 1 depends on; folder: for what any run of the sweep leaves of it."""
        super().__init__(place.file, place.identity)
        self._folder, self._phase_1, self._run_id = folder, identity, run_id
        self._lock = FileLock(folder / "lock")

    def take(self) -> None:
        """Makes the phase 1 that another run trained this run's own, if there is one, once nobody is training it.

        Raises InputError where this run's own state cannot be read or written.
        """
        own = super().read()
        if own and _past(own):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            log.info("waits for phase 1, which another job of this sweep is training")
            self._lock.acquire()
        found = self._left()
        mlflow.set_tag(TRAINED_BY, found[0] if found else self._run_id)
        if found:
            run_id, state = found
            super().write(state)
            self.release()
            log.info("phase 1 is taken from run %s of this sweep: %d epochs", run_id, len(state.history))

    def _left(self) -> tuple[str, State] | None:
        for file in sorted(self._folder.glob("*.npz")):
            try:
                if state := StateFile(file, self._phase_1).read():
                    return file.stem, state
            except InputError as error:
                log.info("phase 1 of run %s cannot be taken over (%s)", file.stem, error.__cause__ or error)
        return None

    def write(self, state: State) -> None:
        """As any state; and at the end of phase 1 for the other jobs, too."""
        if state.stage == 0 and state.ended:
            try:
                # Phase 2 has an optimizer and a schedule of its own.
                StateFile(self._folder / f"{self._run_id}.npz", self._phase_1).write(
                    replace(state, optimizer=[], schedule={})
                )
            except InputError as error:
                log.info("phase 1 is not kept for the sweep's other jobs (%s)", error.__cause__)
        super().write(state)
        if _past(state):
            self.release()

    def release(self) -> None:
        """Lets others train phase 1, if this run was to."""
        self._lock.release()


def _past(state: State) -> bool:
    return state.stage > 0 or state.ended


@contextmanager
def sharing(
    config: TrainConfig,
    tracking: LocalTracking | ServerTracking,
    fingerprint: Fingerprint,
    place: Place,
    job: SweepJob,
    run: Run,
) -> Iterator[StateFile]:
    """The state of `run`, with phase 1 ended in it where another run of the sweep has trained it.

    A phase 1 that another time would come out otherwise is not shared: a run is to be what it would be by itself.
    Raises InputError as `SharingFile.take` does, and where the store or the folder cannot be written.
    """
    if config.training.feature_extraction.epochs == 0:
        yield StateFile(place.file, place.identity)
        return
    if reasons := unrepeatable(config, bool(tf.config.list_physical_devices("GPU"))):
        log.info("phase 1 is not shared with the sweep's other jobs: %s", reasons[0])
        yield StateFile(place.file, place.identity)
        return
    identity = phase_1_identity(config, fingerprint)
    file = SharingFile(place, job.shared / identity_hash(identity)[:16], identity, run.id)
    try:
        with one_line_errors(tracking):
            file.take()
            run.note = _note(run.id)
        yield file
    finally:
        file.release()


def phase_1_identity(config: TrainConfig, fingerprint: Fingerprint) -> dict[str, str]:
    """What tells a phase 1 from any other; where its run is filed is no part of it."""
    return depends_on(config, replace(fingerprint, config=config_hash(config, *PHASE_2)))


def _note(run_id: str) -> str:
    trained_by = mlflow.get_run(run_id).data.tags.get(TRAINED_BY, run_id)
    if trained_by == run_id:
        return ""
    return f"- phase 1 is that of run {trained_by} of the same sweep, and its seconds count as if it were trained here"
