"""One job, watched from its beginning to its end, in whichever process and on whichever machine a launcher puts it."""

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
from bloodcells.runs.killed import close_dead
from bloodcells.runs.sweep_run import Parent
from bloodcells.runs.unfinished import checkpoints
from bloodcells.sweep.decide import Key, finished_since
from bloodcells.sweep.process import start
from bloodcells.tracking.store import open_store

log = logging.getLogger(__name__)
SECONDS_TO_END = 60  # for a run to be closed in MLflow


@dataclass(frozen=True)
class Outcome:
    """What came of a job. error: is empty where it is done; by: the run that had done it meanwhile, if one had."""

    error: str = ""
    by: str = ""


@dataclass(frozen=True)
class Supervisor:
    """What a launcher calls with the config of each job.

    jobs: in the order they are launched in, each with its number, its name and what tells its result
    total: how many the sweep has, with those not launched
    parent: the sweep's run, or None with tracking=off; shared: the folder that jobs share the state of phase 1 in
    logs: the folder for what each job prints, where several run at once; None for the terminal
    driver: the process id of the sweep on this machine, with which its jobs end; None where they outlive it
    rerun: whether jobs that another sweep has done meanwhile are done again
    """

    jobs: tuple[tuple[int, str, Key], ...]
    total: int
    parent: Parent | None
    shared: Path | None
    logs: Path | None
    driver: int | None
    rerun: bool

    def __call__(self, composed: DictConfig) -> Outcome:
        number, name, key = self.jobs[int(HydraConfig.get().job.num)]
        study = None
        try:
            config = typed(composed, TrainConfig)
            study = config.study
            with self._alone(key, number) as by:
                if by:
                    log.info("job %d of %d has been done meanwhile, run %s: %s", number, self.total, by, name)
                    return Outcome(by=by)
                log.info("job %d of %d: %s", number, self.total, name)
                error = self._watched(config, number)
        except (InputError, OmegaConfBaseException) as wrong:
            error = explain(wrong)
        if error:
            error = self._recorded(number, name, study, error)
            log.info("job %d of %d failed: %s", number, self.total, error)
        return Outcome(error)

    def _recorded(self, number: int, name: str, study: str | None, error: str) -> str:
        """Keeps the error of a job with its run; gives what its run says, which knows better."""
        if self.parent is None:
            return error
        try:
            open_store(self.parent.tracking)
            close_dead(self.parent.tracking)
            return self.parent.record(number, name, study, error)
        except InputError as another:  # the store is away: the job failed all the same, likely by that
            return f"{error} ({another})"

    @contextmanager
    def _alone(self, key: Key, number: int) -> Iterator[str | None]:
        """Waits for another sweep that is at the same job; gives the run that has done it meanwhile, if one has."""
        if self.parent is None:
            yield None
            return
        tracking = self.parent.tracking
        open_store(tracking)
        name = hashlib.sha256(repr((tracking.experiment, key)).encode()).hexdigest()
        lock = FileLock(checkpoints(tracking) / f".job-{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("job %d of %d is in progress elsewhere, which it waits for", number, self.total)
            lock.acquire()
        try:
            yield None if self.rerun else finished_since(tracking, key)
        finally:
            Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()

    def _watched(self, config: TrainConfig, number: int) -> str:
        """Runs a job, and gives what went wrong with it, or nothing."""
        job = self.parent.job(number, self.shared) if self.parent and self.shared else None
        if self.logs:
            self.logs.mkdir(parents=True, exist_ok=True)
        output = self.logs / f"job-{number}.log" if self.logs else None
        process, errors = start(config, job, output)
        try:
            while process.is_alive():
                process.join(1)
                if self.driver and not psutil.pid_exists(self.driver):  # killed: nobody would know of what is done
                    process.kill()
                    os._exit(1)
        except KeyboardInterrupt:
            _end(process)
            raise
        with suppress(EOFError):  # it has closed its end without a word
            return str(errors.recv())
        code = process.exitcode or 0
        if code < 0:
            return f"killed by {signal.Signals(-code).name}, from outside or for want of memory"
        if code == INTERRUPTED:
            return "interrupted from outside"
        return f"ended with status {code}{f', see {output}' if output else ''}" if code else ""


def _end(process: BaseProcess) -> None:
    """Lets a job close its run, which Ctrl-C has told it to as well."""
    process.terminate()
    process.join(SECONDS_TO_END)
    process.kill()
    process.join()
