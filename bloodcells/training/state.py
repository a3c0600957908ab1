"""Training state at an epoch boundary: saved atomically at the end of each epoch, restored on resume."""

import errno
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.data.npz import DAMAGE_ERRORS
from bloodcells.reporting.files import replacing
from bloodcells.training.early_stopping import EarlyStopping, StoppingState
from bloodcells.training.epochs import Epoch

UNREADABLE = (*DAMAGE_ERRORS, KeyError, TypeError)
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class State:
    """Training state at the end of an epoch.

    The order of the images and their augmentation follow from the seed and the epoch, so they are not part of it.
    stage: index in the plan; ended: whether this was the stage's last epoch; seconds: training time so far
    stopping: the state of early stopping, with the best weights
    schedule: the numeric attributes of the schedule's callback
    variables: of the model, including the seed states of dropout; optimizer: its variables, including step and rate
    """

    stage: int
    ended: bool
    seconds: float
    history: tuple[Epoch, ...]
    stopping: StoppingState
    schedule: dict[str, float]
    variables: list[np.ndarray]
    optimizer: list[np.ndarray]

    @property
    def epochs_in_stage(self) -> int:
        """The number of completed epochs of the current stage."""
        return sum(row.stage == self.history[-1].stage for row in self.history)


def identity_hash(identity: Mapping[str, str]) -> str:
    """Hexadecimal SHA-256 of everything that a state depends on."""
    return hashlib.sha256(json.dumps(dict(identity), sort_keys=True).encode()).hexdigest()


class StateFile:
    """The file with the state of one run. identity: what the state depends on; only an equal identity resumes."""

    def __init__(self, path: Path, identity: Mapping[str, str]) -> None:
        self._path = path
        self._identity = identity_hash(identity)

    @property
    def epochs(self) -> int:
        """The number of epochs in the saved state; 0 if there is none or it cannot be read."""
        try:
            with np.load(self._path, allow_pickle=False) as file:
                return len(json.loads(str(file["rest"]))["history"])
        except UNREADABLE:
            return 0

    def write(self, state: State) -> None:
        """Replaces the saved state. If it cannot be written, keeps the previous one and raises InputError."""
        arrays: dict[str, Any] = {
            **_numbered("variables", state.variables),
            **_numbered("optimizer", state.optimizer),
            **_numbered("best", state.stopping.weights),
        }
        bare = asdict(replace(state, variables=[], optimizer=[], stopping=replace(state.stopping, weights=[])))
        try:
            with replacing(self._path) as file:
                np.savez(file, identity=np.array(self._identity), rest=np.array(json.dumps(bare)), **arrays)
        except OSError as error:
            size = sum(array.nbytes for array in arrays.values()) / 1e6
            needed = f"{size:,.0f} MB of free space" if error.errno in DISK_FULL else "a writable folder"
            resumed = f"resumes after epoch {self.epochs}" if self.epochs else "starts over"
            raise InputError(
                f"{self._path.parent}: the state after epoch {len(state.history)} cannot be saved "
                f"({error.strerror or error}); expected {needed}: fix that and repeat the command, which {resumed}"
            ) from error

    def read(self) -> State | None:
        """The saved state, or None if there is none.

        Raises InputError for the state of another run, and for a file that cannot be read.
        """
        try:
            with np.load(self._path, allow_pickle=False) as file:
                identity, rest = str(file["identity"]), json.loads(str(file["rest"]))
                groups = {name: _group(file, name) for name in ("variables", "optimizer", "best")}
            changed = {
                "history": tuple(Epoch(**row) for row in rest["history"]),
                "stopping": StoppingState.of(rest["stopping"], groups["best"]),
                "variables": groups["variables"],
                "optimizer": groups["optimizer"],
            }
            state = State(**rest | changed)
        except FileNotFoundError:
            return None
        except UNREADABLE as error:
            raise InputError(
                f"{self._path}: expected the state of an unfinished run ({error}); remove its folder to start over"
            ) from error
        if identity != self._identity:
            raise InputError(
                f"{self._path}: the state of another run, which differs in config, data, code, packages or machine; "
                "expected this run's; remove its folder to start over"
            )
        return state


class SaveState(keras.callbacks.Callback):
    """Saves the state at the end of an epoch, after validation, early stopping and the schedule.

    Keras's BackupAndRestore does not save the state of dropout, early stopping and schedules.
    """

    def __init__(
        self,
        file: StateFile,
        saved: keras.Model,
        *,
        stage: int,
        epochs: int,
        stopping: EarlyStopping,
        schedule: keras.callbacks.Callback | None,
        history: list[Epoch],
        start: float,
        resumed: State | None,
    ) -> None:
        """saved: the model whose variables are saved; in the one that Keras trains, their order depends on the stage.

        stage: index in the plan; epochs: of the stage; start: of training, by `time.perf_counter`
        resumed: the state that this stage resumes from, or None
        """
        super().__init__()
        self._file, self._saved, self._stage, self._epochs = file, saved, stage, epochs
        self._stopping, self._schedule, self._history = stopping, schedule, history
        self._start, self._resumed = start, resumed

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        if self._resumed and self._schedule:  # not earlier: Keras's callbacks reset in on_train_begin
            vars(self._schedule).update(self._resumed.schedule)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        state = State(
            stage=self._stage,
            ended=self.model.stop_training or epoch + 1 == self._epochs,
            seconds=time.perf_counter() - self._start,
            history=tuple(self._history),
            stopping=self._stopping.state,
            schedule=_numbers(self._schedule),
            variables=[np.array(variable) for variable in self._saved.variables],
            optimizer=[np.array(variable) for variable in self.model.optimizer.variables],
        )
        self._file.write(state)


def assign(variables: Sequence[keras.Variable], values: Sequence[np.ndarray]) -> None:
    """Sets the variables of a model or an optimizer to saved values."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _numbers(callback: keras.callbacks.Callback | None) -> dict[str, float]:
    """The numeric attributes of a callback, by name."""
    attributes = vars(callback) if callback else {}
    return {name: value for name, value in attributes.items() if isinstance(value, int | float)}


def _numbered(name: str, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{name}/{number:05}": array for number, array in enumerate(arrays)}


def _group(file: np.lib.npyio.NpzFile, name: str) -> list[np.ndarray]:
    return [file[key] for key in sorted(file.files) if key.startswith(f"{name}/")]
