"""What the sweepers for `python -m bloodcells.train --multirun` share: overrides, the sweep's run, and launching jobs.

`grid.py` trains all combinations, `search/sweeper.py` searches.
"""

import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus, configure_log
from hydra.plugins.sweeper import Sweeper as HydraSweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from bloodcells.config.errors import InputError
from bloodcells.sweep.expand import Job, swept

if TYPE_CHECKING:
    from mlflow.entities import Run

    from bloodcells.runs.checkpoint import Checkpoint
    from bloodcells.runs.sweep_run import Judge, SweepRun
    from bloodcells.sweep.decide import Key
    from bloodcells.sweep.supervise import Supervisor

log = logging.getLogger(__name__)
SEQUENTIAL = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"  # one job after another, in this terminal


class Sweeper(HydraSweeper):
    """Base class of the sweepers. A subclass implements `run`."""

    def __init__(self, params: dict[str, str] | None, **settings: Any) -> None:
        """settings: of a search, see `SearchSettings`."""
        self._params, self.settings = params, settings

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Stores what Hydra composed. `task_function` is not used, since each job runs in a process of its own."""
        self._context, self._config = hydra_context, config

    def sweep(self, arguments: list[str]) -> None:
        """Runs the sweep. Raises InputError if no job can run, and JobsFailedError at the end if some failed."""
        configure_log(self._config.hydra.hydra_logging, self._config.hydra.verbose)
        self.run([*swept(self._params, arguments), *arguments])

    def run(self, overrides: list[str]) -> None:
        """Runs the sweep of these overrides, those of an experiment first; raises as `sweep` does."""
        raise NotImplementedError

    @contextmanager
    def started(
        self, checkpoint: "Checkpoint", interrupted: "Run | None", *, name: str, studies: Collection[str | None]
    ) -> Iterator["SweepRun"]:
        """The sweep's run, as `started_sweep` does. After an interrupt, also ends the runs of its jobs.

        Jobs may be killed before they can do so themselves, as joblib's are.
        """
        from bloodcells.runs.killed import close_killed, wait_for_jobs
        from bloodcells.runs.sweep_run import started_sweep
        from bloodcells.sweep.supervise import SECONDS_TO_CLOSE

        with started_sweep(checkpoint, interrupted, name=name, studies=studies) as parent:
            try:
                yield parent
            except KeyboardInterrupt:
                log.info("interrupted: the same command resumes this sweep")
                if self._local_workers:
                    wait_for_jobs(parent.store, parent.id, SECONDS_TO_CLOSE)
                close_killed(parent.store)
                raise

    def launch(
        self,
        jobs: Sequence[Job],
        keys: "Mapping[int, Key]",
        *,
        total: int,
        parent: "SweepRun | None",
        shared: Path | None,
        rerun: bool,
        judges: "Mapping[int, Judge] | None" = None,
    ) -> Sequence[JobReturn]:
        """Runs jobs with the launcher and returns what each returned. Jobs that another sweep is running come last.

        keys: what identifies the result of a job, by its number; judges: what may prune a job, by its number
        total, parent, shared, rerun: as in `Supervisor`
        """
        from bloodcells.sweep.supervise import Supervisor, Task

        if not jobs:
            return []
        folder = Path(str(self._config.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self._config, folder / "multirun.yaml")
        logs = None if self._config.hydra.launcher._target_ == SEQUENTIAL else folder
        driver = os.getpid() if self._local_workers else None
        tasks = tuple(Task(job.number, job.name, keys[job.number], (judges or {}).get(job.number)) for job in jobs)
        supervisor = Supervisor(tasks, total, parent, shared, logs, driver, rerun)
        returned = list(self._launch_once(jobs, supervisor))
        busy = [k for k, each in enumerate(returned) if each.status is JobStatus.COMPLETED and each.return_value.busy]
        later = replace(supervisor, tasks=tuple(tasks[k] for k in busy), waits=True)
        for k, each in zip(busy, self._launch_once([jobs[k] for k in busy], later), strict=True):
            returned[k] = each
        return returned

    def _launch_once(self, jobs: Sequence[Job], supervisor: "Supervisor") -> Sequence[JobReturn]:
        """Runs jobs with the launcher; if it fails as a whole, so does every job."""
        if not jobs:
            return []
        launcher = Plugins.instance().instantiate_launcher(self._context, supervisor, self._config)
        try:
            return launcher.launch([list(job.overrides) for job in jobs], initial_job_idx=0)
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001  # Submitit and joblib fail the whole batch when one worker fails
            log.warning("the launcher failed with %s: %s", type(error).__name__, error)
            lost = JobReturn(status=JobStatus.FAILED)
            lost.return_value = error
            return [lost] * len(jobs)

    @property
    def _local_workers(self) -> bool:
        """Whether the launcher is joblib, whose workers are killed by an interrupt and outlive a killed sweep."""
        return "n_jobs" in self._config.hydra.launcher
