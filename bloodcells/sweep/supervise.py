"""Supervises one job from start to end, in the process and on the machine that the launcher chooses."""

import hashlib
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
from filelock import FileLock, Timeout
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from bloodcells.config.command import INTERRUPTED
from bloodcells.config.errors import InputError
from bloodcells.config.explain import explain
from bloodcells.config.schema import TrainConfig
from bloodcells.config.typed import typed
from bloodcells.runs.checkpoint import JOB_LOCK
from bloodcells.runs.killed import close_killed
from bloodcells.runs.sweep_run import Judge, SweepRun
from bloodcells.sweep.decide import Key, finished_run
from bloodcells.sweep.elsewhere import BusyElsewhereError, finished_elsewhere
from bloodcells.sweep.process import SECONDS_TO_CLOSE, start

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a job.

    error: empty if the job is done
    done_by: the run of another sweep that finished the same job in the meantime, if any
    busy: whether another sweep is running the job, so that it is left for later
    """

    error: str = ""
    done_by: str = ""
    busy: bool = False


@dataclass(frozen=True)
class Task:
    """A job to supervise: its number, its name, what identifies its result, and what may prune it."""

    number: int
    name: str
    key: Key
    judge: Judge | None = None


@dataclass(frozen=True)
class Supervisor:
    """The task that a launcher calls with the config of each job.

    tasks: the jobs, in launch order
    total: how many jobs the sweep has, including those not launched
    parent: the sweep's run, or None with tracking=off
    shared: the folder in which jobs share the state of phase 1
    logs: the folder for the jobs' output if several run at once; None for the terminal
    driver: the process id of the sweep, if it runs on this machine and jobs must end with it; else None
    rerun: whether to run a job again that another sweep has finished in the meantime
    waits: whether to wait for a job that another sweep is running, instead of leaving it for later
    """

    tasks: tuple[Task, ...]
    total: int
    parent: SweepRun | None
    shared: Path | None
    logs: Path | None
    driver: int | None
    rerun: bool
    waits: bool = False

    def __call__(self, composed: DictConfig) -> Outcome:
        task = self.tasks[int(HydraConfig.get().job.num)]
        number, name = task.number, task.name
        study = None
        try:
            config = typed(composed, TrainConfig)
            study = config.study
            with self._exclusive(task.key, number) as finished:
                if finished:
                    log.info("job %d of %d was done in the meantime, run %s: %s", number, self.total, finished, name)
                    return Outcome(done_by=finished)
                log.info("job %d of %d: %s", number, self.total, name)
                error = self._run(config, task)
        except Timeout:
            log.info("job %d of %d is running in another sweep; left for the end: %s", number, self.total, name)
            return Outcome(busy=True)
        except BusyElsewhereError as host:
            log.info("job %d of %d is running on %s; left for the end: %s", number, self.total, host, name)
            return Outcome(busy=True)
        except (InputError, OmegaConfBaseException) as invalid:
            error = explain(invalid)
        if error:
            error = self._record(number, name, study=study, error=error)
            log.info("job %d of %d failed: %s", number, self.total, error)
        return Outcome(error)

    def _record(self, number: int, name: str, *, study: str | None, error: str) -> str:
        """Stores a job's error with its run. Returns the error that the run has, which is the more specific one."""
        if self.parent is None:
            return error
        try:
            self.parent.store.open()
            close_killed(self.parent.store)
            return self.parent.record_error(number, name, study=study, error=error)
        except InputError as store_error:  # the store is unavailable, which is probably why the job failed
            return f"{error} ({store_error})"

    @contextmanager
    def _exclusive(self, key: Key, number: int) -> Iterator[str | None]:
        """Holds a lock on the job. Yields the run that has finished it, if any.

        While another sweep runs it: waits, or raises Timeout (BusyElsewhereError on another machine) unless `waits`.
        """
        if self.parent is None:
            yield None
            return
        store = self.parent.store
        store.open()
        name = hashlib.sha256(repr((store.experiment, key)).encode()).hexdigest()
        lock = FileLock(store.checkpoints / JOB_LOCK.format(name))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not self.waits:
                raise
            log.info("job %d of %d is running in another sweep; waiting for it", number, self.total)
            lock.acquire()
        try:
            found = None if self.rerun else finished_run(store.settings, key)
            yield found if found or self.rerun else finished_elsewhere(self.parent, key, waits=self.waits)
        finally:
            Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()

    def _run(self, config: TrainConfig, task: Task) -> str:
        """Runs a job in its own process. Returns its error, or an empty string if it is done or pruned."""
        job = None
        if self.parent and self.shared:
            job = self.parent.job(task.number, task.name, self.shared, task.judge)
        if self.logs:
            self.logs.mkdir(parents=True, exist_ok=True)
        output = self.logs / f"job-{task.number}.log" if self.logs else None
        process, errors = start(config, job, output)
        try:
            while process.is_alive():
                process.join(1)
                if self.driver and not psutil.pid_exists(self.driver):  # killed: nothing would record the result
                    os._exit(1)  # whereupon the job closes its run
        except BaseException:  # also what Submitit raises when the job reaches its time limit
            _close(process)
            raise
        with suppress(EOFError):  # the process sent no error
            return str(errors.recv())
        code = process.exitcode or 0
        if code < 0:
            return f"killed by {signal.Signals(-code).name}, from outside or out of memory"
        if code == INTERRUPTED:
            return "interrupted from outside"
        return f"exited with status {code}{f', see {output}' if output else ''}" if code else ""


def _close(process: BaseProcess) -> None:
    """Interrupts a job and gives it time to close its run."""
    process.terminate()
    process.join(SECONDS_TO_CLOSE)
    process.kill()
    process.join()
