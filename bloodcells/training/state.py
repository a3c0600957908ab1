"""All that one epoch leaves to the next, in a file that is there whole or not at all."""

import errno
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.reporting.files import replacing
from bloodcells.training.early_stopping import Search
from bloodcells.training.epochs import Epoch

UNREADABLE = (OSError, EOFError, ValueError, KeyError, BadZipFile)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class State:
    """Training as it stands at the end of an epoch.

    Order and augmentation of the images are not in it: they follow from the seed and the epoch's number.
    stage: of the plan, from 0; ended: whether that was its last epoch; seconds: of training so far
    schedules: what each callback that moves the learning rate remembers
    variables: the model's, dropout's generators among them; optimizer: the optimizer's, its step and rate among them
    """

    stage: int
    ended: bool
    seconds: float
    history: tuple[Epoch, ...]
    search: Search
    schedules: list[dict[str, float]]
    variables: list[np.ndarray]
    optimizer: list[np.ndarray]

    @property
    def epochs_in_stage(self) -> int:
        """How many epochs of its stage have ended."""
        return sum(row.stage == self.history[-1].stage for row in self.history)


def identity_hash(identity: Mapping[str, str]) -> str:
    """SHA-256 of what a state depends on, in hexadecimal."""
    return hashlib.sha256(json.dumps(dict(identity), sort_keys=True).encode()).hexdigest()


class StateFile:
    """The state of one run, of which `identity` says what it depends on."""

    def __init__(self, path: Path, identity: Mapping[str, str]) -> None:
        self._path = path
        self._identity = identity_hash(identity)

    @property
    def epochs(self) -> int:
        """How many had ended in the state that was written last; 0 where there is none that can be read."""
        try:
            with np.load(self._path, allow_pickle=False) as file:
                return len(json.loads(str(file["rest"]))["history"])
        except UNREADABLE:
            return 0

    def write(self, state: State) -> None:
        """Puts `state` in place of the one before. Raises InputError where it cannot be written; that one stays."""
        arrays: dict[str, Any] = {
            **_numbered("variables", state.variables),
            **_numbered("optimizer", state.optimizer),
            **_numbered("best", state.search.weights),
        }
        bare = asdict(replace(state, variables=[], optimizer=[], search=replace(state.search, weights=[])))
        try:
            with replacing(self._path) as file:
                np.savez(file, identity=np.array(self._identity), rest=np.array(json.dumps(bare)), **arrays)
        except OSError as error:
            size = sum(array.nbytes for array in arrays.values()) / 1e6
            room = f"room for {size:,.0f} MB: make some" if error.errno in NO_ROOM else "to write there: mend that"
            again = f"goes on after epoch {self.epochs}" if self.epochs else "begins anew"
            raise InputError(
                f"{self._path.parent}: the state after epoch {len(state.history)} cannot be saved "
                f"({error.strerror or error}); expected {room} and give the same command, which {again}"
            ) from error

    def read(self) -> State | None:
        """The state that was written last, or None where none was.

        Raises InputError for one of another run, and for a file that cannot be read.
        """
        try:
            with np.load(self._path, allow_pickle=False) as file:
                identity, rest = str(file["identity"]), json.loads(str(file["rest"]))
                groups = {name: _group(file, name) for name in ("variables", "optimizer", "best")}
        except FileNotFoundError:
            return None
        except UNREADABLE as error:
            raise InputError(
                f"{self._path}: expected the state of an unfinished run ({error}); remove its folder to begin anew"
            ) from error
        if identity != self._identity:
            raise InputError(
                f"{self._path}: the state of another run, with another config, other data, code, packages or machine; "
                "expected this run's; remove its folder to begin anew"
            )
        return State(
            **rest
            | {
                "history": tuple(Epoch(**row) for row in rest["history"]),
                "search": Search.of(rest["search"], groups["best"]),
                "variables": groups["variables"],
                "optimizer": groups["optimizer"],
            }
        )


def _numbered(name: str, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{name}/{number:05}": array for number, array in enumerate(arrays)}


def _group(file: np.lib.npyio.NpzFile, name: str) -> list[np.ndarray]:
    return [file[key] for key in sorted(file.files) if key.startswith(f"{name}/")]
