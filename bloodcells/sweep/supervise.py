"""One job, watched from its beginning to its end, in whichever process and on whichever machine a launcher puts it."""

import logging
import os
import signal
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from bloodcells.config.errors import InputError
from bloodcells.config.explain import explain
from bloodcells.config.schema import TrainConfig
from bloodcells.config.typed import typed
from bloodcells.sweep.process import start
from bloodcells.tracking.dead import close_dead
from bloodcells.tracking.parent import Parent, SweepJob

log = logging.getLogger(__name__)
SECONDS_TO_END = 60  # for a run to be closed in MLflow


@dataclass(frozen=True)
class Outcome:
    """What came of a job, by its number; `error` is empty where it is done."""

    number: int
    error: str
    seconds: float


@dataclass(frozen=True)
class Supervisor:
    """What a launcher calls with the config of each job.

    jobs: by number and name, in the order they are launched in; total: how many the sweep has, with those not launched
    parent: the sweep's run, or None with tracking=off; shared: the folder that jobs share the state of phase 1 in
    logs: the folder for what each job prints, where several run at once; None for the terminal
    """

    jobs: tuple[tuple[int, str], ...]
    total: int
    parent: Parent | None
    shared: Path | None
    logs: Path | None

    def __call__(self, composed: DictConfig) -> Outcome:
        number, name = self.jobs[int(HydraConfig.get().job.num)]
        log.info("job %d of %d: %s", number, self.total, name)
        began = time.monotonic()
        study = None
        try:
            config = typed(composed, TrainConfig)
            study = config.study
            error = self._watched(config, number)
        except (InputError, OmegaConfBaseException) as wrong:
            error = explain(wrong)
        if error:
            if self.parent:
                close_dead(self.parent.open())
                error = self.parent.record(number, name, study, error)
            log.info("job %d of %d failed: %s", number, self.total, error)
        return Outcome(number, error, time.monotonic() - began)

    def _watched(self, config: TrainConfig, number: int) -> str:
        """Runs a job, and gives what went wrong with it, or nothing."""
        job = SweepJob(self.parent.id, number, self.shared) if self.parent and self.shared else None
        if self.logs:
            self.logs.mkdir(parents=True, exist_ok=True)
        process, errors = start(config, job, self.logs / f"job-{number}.log" if self.logs else None)
        parent = os.getppid()
        try:
            while process.is_alive():
                process.join(1)
                if os.getppid() != parent:  # the sweep was killed: its jobs go with it, or nobody would know of them
                    process.kill()
        except KeyboardInterrupt:
            _end(process)
            raise
        code = process.exitcode or 0
        if errors.poll():
            return str(errors.recv())
        if code < 0:
            return f"killed by {signal.Signals(-code).name}, from outside or for want of memory"
        return f"ended with status {code}" if code else ""


def _end(process: BaseProcess) -> None:
    """Lets a job close its run, which Ctrl-C has told it to as well."""
    process.terminate()
    process.join(SECONDS_TO_END)
    process.kill()
    process.join()
