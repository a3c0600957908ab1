"""Where unfinished runs keep the state of their training, and how the same command finds it again.

Needs no TensorFlow.
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
from mlflow.entities import Run

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.schema import LocalTracking, ServerTracking
from bloodcells.tracking.store import local_directory, one_line_errors

log = logging.getLogger(__name__)
MACHINE = ("processor", "gpus", "python", "threads", "onednn")  # what the last bits of a result depend on of a machine
PLACE = "checkpoint"  # the tag with the name of a run's place
HALF = ".half-"  # begins the name of a place that is being made or taken away


@dataclass(frozen=True)
class Place:
    """A folder of one run's own; the run carries its name as a tag, so that one is found by the other."""

    folder: Path
    identity: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def file(self) -> Path:
        """Where training keeps its state."""
        return self.folder / "state.npz"

    def remove(self) -> None:
        """Takes it away, which says that its run has come to its end."""
        with listing(self.folder.parent), suppress(FileNotFoundError):
            # Its name goes first, at once: half of it would be found by nobody, and stay.
            aside = self.folder.rename(self.folder.with_name(f"{HALF}{self.name}"))
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def claimed(tracking: LocalTracking | ServerTracking, identity: Mapping[str, str]) -> Iterator[Place]:
    """The place that an interrupted run with the same `identity` left, or a new one.

    identity: what the run's result depends on and where it is filed; with anything else in it nothing is taken up.
    A place whose run is alive is held by a lock, which the system lifts however a process ends.
    Raises InputError where no place can be made.
    """
    with one_line_errors(tracking):
        directory = checkpoints(tracking)
        directory.mkdir(parents=True, exist_ok=True)
        with listing(directory):
            place, lock = _left(directory, identity) or _new(directory, identity)
    try:
        yield place
    finally:
        lock.release()


def checkpoints(tracking: LocalTracking | ServerTracking) -> Path:
    """The folder of all places: in the store, or for one on a server in the checkout's `mlruns`."""
    return (local_directory(tracking) if isinstance(tracking, LocalTracking) else CHECKOUT / "mlruns") / "checkpoints"


def listing(directory: Path) -> FileLock:
    """Held by whoever looks through the places, makes one or takes one away."""
    return FileLock(directory / ".lock")


def _left(directory: Path, identity: Mapping[str, str]) -> tuple[Place, FileLock] | None:
    for file in sorted(directory.glob("[!.]*/identity.json"), key=lambda file: file.stat().st_mtime, reverse=True):
        found = _identity_in(file)
        others = [key for key in identity if found.get(key) != identity[key]]
        if others and not set(others) <= {"data", "code", "packages", "weights", *MACHINE}:
            continue  # another run altogether
        lock = FileLock(file.parent / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:  # it is alive
            if not others:
                log.info("the same run is in progress, in another process: this is one more, by itself")
            continue
        if not others:
            return Place(file.parent, identity), lock
        lock.release()
        log.info(
            "an unfinished run of this config is not continued: since it was begun there was a change of %s; its state "
            "stays in %s: remove that if you do not want to go back to it",
            *(" and ".join(others), file.parent),
        )
    return None


def _identity_in(file: Path) -> dict[str, str]:
    try:
        return dict(json.loads(file.read_text()))
    except ValueError:  # a power cut can leave an empty file
        return {}


def _new(directory: Path, identity: Mapping[str, str]) -> tuple[Place, FileLock]:
    for half in directory.glob(f"{HALF}*"):
        shutil.rmtree(half, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(dir=directory, prefix=HALF))
    (aside / "identity.json").write_text(json.dumps(dict(identity), indent=2))
    place = Place(aside.rename(directory / uuid4().hex), identity)
    lock = FileLock(place.folder / "lock")
    lock.acquire(timeout=0)
    return place, lock


def run_at(place: str) -> Run | None:
    """The run whose place is called so, of those that MLflow's present store has, or None."""
    found = mlflow.search_runs(
        search_all_experiments=True, filter_string=f"tags.{PLACE} = '{place}'", output_format="list"
    )
    return found[0] if found else None
