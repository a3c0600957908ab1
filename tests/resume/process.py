"""Training in processes that can be killed: a server imports all of it once and forks one a run, in no time.

They are ended by a signal at a moment, which is a call of a function, or killed after some seconds.
"""

import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
from mlflow.entities import Run

import bloodcells.sweep.process  # noqa: F401  # before its list of modules to import in the server is replaced below
from bloodcells.tracking.store import DATABASE, database_uri
from bloodcells.train import main

if TYPE_CHECKING:
    from bloodcells.runs.phase_1 import SweepJob

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["tests.shortcuts", "bloodcells.sweep.preload", __name__, "tests.resume.warm"])


@dataclass(frozen=True)
class Moment:
    """The `number`th call of the function `called`, given with its module: a process ends itself there by `sent`."""

    called: str
    number: int = 1
    sent: signal.Signals = signal.SIGKILL

    def prepare(self) -> None:
        owner, name = self._owner()
        function, calls = getattr(owner, name), 0

        def ending(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == self.number:
                os.kill(os.getpid(), self.sent)
            return function(*arguments, **named)

        setattr(owner, name, ending)

    def _owner(self) -> tuple[Any, str]:
        path, _, name = self.called.rpartition(".")
        module, _, kind = path.rpartition(".")
        return (getattr(import_module(module), kind), name) if kind[:1].isupper() else (import_module(path), name)


@dataclass(frozen=True)
class Command:
    """One training command, given any number of times; its runs are kept in `directory`; job: what it is in a sweep."""

    directory: Path
    overrides: tuple[str, ...]
    job: "SweepJob | None" = None

    def start(self, end: Moment | None = None, largest_file: int | None = None) -> BaseProcess:
        """A process of it, begun; largest_file: in bytes, for a disk that is full."""
        process = FORKS.Process(target=_run, args=(self, end, largest_file))
        process.start()
        return process

    def give(self, end: Moment | None = None, largest_file: int | None = None, seconds: float = 300) -> int:
        """The exit status of a process of it, below 0 that of a signal; killed after `seconds`."""
        process = self.start(end, largest_file)
        process.join(seconds)
        process.kill()
        process.join()
        return process.exitcode

    def told(self, stream: str) -> str:
        """What all its processes wrote to "out" or "err"."""
        return self.directory.with_suffix(f".{stream}").read_text()

    def ended(self) -> bool:
        """Whether it has come to its end: a process may be killed after that, too, on its way out."""
        return [run.info.status for run in self.runs()] == ["FINISHED"] and not any(
            self.directory.glob("checkpoints/*/")
        )

    def runs(self) -> list[Run]:
        if not (self.directory / DATABASE).exists():
            return []
        mlflow.set_tracking_uri(database_uri(self.directory))
        return mlflow.search_runs(search_all_experiments=True, output_format="list")


def _run(command: Command, end: Moment | None, largest_file: int | None) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its jobs in the background ignore it
    for number, stream in ((1, "out"), (2, "err")):
        file = os.open(command.directory.with_suffix(f".{stream}"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, number)
    if end:
        end.prepare()
    if largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    if command.job:
        lifecycle = import_module("bloodcells.runs.lifecycle")
        lifecycle.tracked = partial(lifecycle.tracked, sweep=command.job)
    sys.argv = ["train", *command.overrides, f"tracking.directory={command.directory}"]
    main()


def histories(run: Run, directory: Path) -> dict[str, list[tuple[int, float]]]:
    """Each metric's steps and values, but those of seconds."""
    client = mlflow.MlflowClient(database_uri(directory))
    return {
        name: [(entry.step, entry.value) for entry in client.get_metric_history(run.info.run_id, name)]
        for name in run.data.metrics
        if "seconds" not in name
    }


def outcome(run: Run, directory: Path) -> dict[str, Any]:
    """All that must be equal, bit for bit: the weights, the metrics' histories, the answers."""
    client = mlflow.MlflowClient(database_uri(directory))
    answers = Path(client.download_artifacts(run.info.run_id, "predictions.csv")).read_text()
    return {"weights": run.data.tags["sha256.weights"], "answers": answers, **histories(run, directory)}


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Waits for it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
