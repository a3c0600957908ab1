"""Training in processes that can be killed: a server imports everything once, and forks a process per command.

A process ends at a `Moment`, a call of a function, or is killed after some seconds.
"""

import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
from mlflow.entities import Run

import bloodcells.sweep.process  # noqa: F401  # before its list of modules to import in the server is replaced below
from bloodcells.tracking.database import DATABASE, database_uri

if TYPE_CHECKING:
    from bloodcells.runs.sweep_run import SweepJob

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.shortcuts", "bloodcells.sweep.preload", __name__, "tests.resume.warm"])
STUCK = 1800  # seconds after which a process counts as stuck; on a busy machine each may take minutes


@dataclass(frozen=True)
class Moment:
    """The `number`th call of the function `called`, given with its module, at which a process signals itself.

    parent: signals the process that started this one instead
    """

    called: str
    number: int = 1
    sent: signal.Signals = signal.SIGKILL
    parent: bool = False

    def prepare(self) -> None:
        owner, name = self._owner()
        function, calls = getattr(owner, name), 0

        def ending(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == self.number:
                os.kill(multiprocessing.parent_process().pid if self.parent else os.getpid(), self.sent)
                while self.parent:  # until the parent's end ends this process
                    time.sleep(0.01)
            return function(*arguments, **named)

        setattr(owner, name, ending)

    def _owner(self) -> tuple[Any, str]:
        path, _, name = self.called.rpartition(".")
        module, _, kind = path.rpartition(".")
        return (getattr(import_module(module), kind), name) if kind[:1].isupper() else (import_module(path), name)


@dataclass(frozen=True)
class Command:
    """One command, which can be run several times.

    directory: the folder of its store
    job: its place in a sweep, if any
    """

    directory: Path
    overrides: tuple[str, ...]
    job: "SweepJob | None" = None
    program: str = "train"

    def start(self, end: Moment | None = None, largest_file: int | None = None) -> BaseProcess:
        """Starts a process. largest_file: the size in bytes at which writing a file fails, as on a full disk."""
        process = FORKS.Process(target=_run, args=(self, end, largest_file))
        process.start()
        return process

    def run(self, end: Moment | None = None, largest_file: int | None = None, seconds: float = STUCK) -> int:
        """The exit status of a process, negative for a signal; killed after `seconds`."""
        process = self.start(end, largest_file)
        process.join(seconds)
        process.kill()
        process.join()
        return process.exitcode

    def output(self, stream: str) -> str:
        """The output of all its processes to "out" or "err"."""
        return self.directory.with_suffix(f".{stream}").read_text()

    def finished(self) -> bool:
        """Whether its run is complete, even if the process was killed later, while it exited."""
        return [run.info.status for run in self.runs()] == ["FINISHED"] and not any(
            self.directory.glob("checkpoints/*/")
        )

    def runs(self) -> list[Run]:
        """All runs of the store, newest first."""
        if not (self.directory / DATABASE).exists():
            return []
        mlflow.set_tracking_uri(database_uri(self.directory))
        return mlflow.search_runs(search_all_experiments=True, output_format="list")


def _run(command: Command, end: Moment | None, largest_file: int | None) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs with SIGINT ignored
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
    sys.argv = [command.program, *command.overrides, f"tracking.directory={command.directory}"]
    import_module(f"bloodcells.{command.program}").main()


def histories(run: Run, directory: Path) -> dict[str, list[tuple[int, float]]]:
    """The steps and values of each metric, except durations."""
    client = mlflow.MlflowClient(database_uri(directory))
    return {
        name: [(entry.step, entry.value) for entry in client.get_metric_history(run.info.run_id, name)]
        for name in run.data.metrics
        if "seconds" not in name
    }


def outcome(run: Run, directory: Path) -> dict[str, Any]:
    """Everything that must be bit-identical: the hash of the weights, the predictions, the histories of the metrics."""
    client = mlflow.MlflowClient(database_uri(directory))
    predictions = Path(client.download_artifacts(run.info.run_id, "predictions.csv")).read_text()
    return {"weights": run.data.tags["sha256.weights"], "predictions": predictions, **histories(run, directory)}


def until(condition: Callable[[], bool]) -> None:
    """Waits until the condition holds."""
    end = time.monotonic() + STUCK
    while not condition():
        assert time.monotonic() < end, "stuck"
        time.sleep(0.05)
