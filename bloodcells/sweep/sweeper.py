"""Hydra's sweeper for training: `python -m bloodcells.train --multirun`. Read it from top to bottom."""

import gc
import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus, configure_log
from hydra.plugins.sweeper import Sweeper as HydraSweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from bloodcells.config.errors import InputError
from bloodcells.config.schema import TrainConfig
from bloodcells.sweep.expand import Job, expand, parser, swept, threads_per_job

if TYPE_CHECKING:
    from bloodcells.runs.sweep_run import SweepRun
    from bloodcells.sweep.decide import Decided

log = logging.getLogger(__name__)
SEQUENTIAL = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"  # one job after another, in this terminal


class Sweeper(HydraSweeper):
    """Expands the jobs, skips those that are done, runs the others with a launcher, and reports the results.

    The sweep syntax (choices, ranges, globs, `params` in a config) is that of Hydra's basic sweeper.
    """

    def __init__(self, params: dict[str, str] | None) -> None:
        self._params = params

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Stores what Hydra composed. `task_function` is not used, since each job runs in a process of its own."""
        self._context, self._config = hydra_context, config

    def sweep(self, arguments: list[str]) -> None:
        """Runs the sweep. Raises InputError if no job can run, and JobsFailedError at the end if some failed."""
        gc.disable()  # collecting garbage again and again among thousands of jobs and stored runs takes seconds
        # Imported here, since MLflow takes a second to import: --help and single runs must not wait for it.
        from bloodcells.runs.checkpoint import claim, run_of
        from bloodcells.runs.killed import close_killed
        from bloodcells.runs.sweep_run import started_sweep
        from bloodcells.sweep.decide import decide, finished_runs
        from bloodcells.tracking.store import store_of

        configure_log(self._config.hydra.hydra_logging, self._config.hydra.verbose)
        overrides = [*swept(self._params, arguments), *arguments]
        jobs, name = self._jobs(overrides)
        if not jobs:
            raise InputError(f"{' '.join(overrides)}: no job to run; expected one or more, but no option matches")
        configs = [job.config for job in jobs if isinstance(job.config, TrainConfig)]
        if not configs:
            raise next(job.config for job in jobs if isinstance(job.config, InputError))
        tracking, rerun = configs[0].tracking, configs[0].sweep.rerun
        if any((config.tracking, config.sweep.rerun) != (tracking, rerun) for config in configs):
            raise InputError(
                "tracking and sweep: expected the same for all jobs of a sweep; received different settings"
            )
        store = store_of(tracking)
        if not store.keeps_runs:
            self._run(decide(jobs, {}), None, shared=None, rerun=rerun, ranked_by=tracking.rank_by.metric)
            return
        store.open()
        close_killed(store)
        with claim(store, {"sweep": json.dumps(overrides), **store.identity}) as checkpoint:
            interrupted = run_of(checkpoint.name)
            # With sweep.rerun=true, a resumed sweep skips only the jobs that it has finished itself.
            parent_id = (interrupted.info.run_id if interrupted else "none") if rerun else None
            decided = decide(jobs, finished_runs(tracking, parent_id))
            if len(decided.invalid) == len(jobs):
                raise next(iter(decided.invalid.values()))
            if decided.to_do or decided.invalid or interrupted:
                studies = {config.study for config in configs}
                with (
                    started_sweep(checkpoint, interrupted, name=name, studies=studies) as parent,
                    self._closing_killed_runs(parent),
                ):
                    metric = tracking.rank_by.metric
                    self._run(decided, parent, shared=checkpoint.folder, rerun=rerun, ranked_by=metric)
            else:
                log.info("all %d jobs are done already; sweep.rerun=true runs them again", len(jobs))
            checkpoint.remove()

    def _jobs(self, arguments: Sequence[str]) -> tuple[list[Job], str]:
        """The jobs that the overrides expand to, each with its share of the threads, and a name for the sweep."""
        from hydra._internal.core_plugins.basic_sweeper import BasicSweeper  # Hydra reloads it at start-up

        loader = self._context.config_loader
        parsed = parser(loader).parse_overrides(list(arguments))
        (overrides,) = BasicSweeper.split_arguments(parsed, None)
        jobs = expand(loader, self._config, overrides)
        threads = threads_per_job(self._config.hydra.launcher, len(jobs))
        varied = [str(override.input_line) for override in parsed if override.is_sweep_override()]
        return [job.with_threads(threads) for job in jobs], f"sweep {' '.join(varied) or 'of one job'}"

    def _run(
        self,
        decided: "Decided",
        parent: "SweepRun | None",
        *,
        shared: Path | None,
        rerun: bool,
        ranked_by: str,
    ) -> None:
        """Launches the jobs to run and reports all of them. Raises JobsFailedError if one failed."""
        from bloodcells.sweep.progress import SweepProgress
        from bloodcells.sweep.summary import Summary
        from bloodcells.sweep.supervise import Supervisor

        gc.enable()
        summary = Summary(decided, parent, ranked_by)
        summary.log_skipped()
        folder = Path(str(self._config.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self._config, folder / "multirun.yaml")
        logs = None if self._config.hydra.launcher._target_ == SEQUENTIAL else folder
        named = tuple((job.number, job.name, decided.keys[job.number]) for job in decided.to_do)
        driver = os.getpid() if self._local_workers else None
        supervisor = Supervisor(named, decided.total, parent, shared, logs, driver, rerun)
        numbers = [job.number for job in decided.to_do]
        with SweepProgress(parent, numbers, len(decided.skipped)) if parent else nullcontext():
            returned = self._launch(decided.to_do, supervisor)
        summary.log_results(returned)

    @property
    def _local_workers(self) -> bool:
        """Whether the launcher is joblib, whose workers are killed by an interrupt and outlive a killed sweep."""
        return "n_jobs" in self._config.hydra.launcher

    def _launch(self, jobs: Sequence[Job], supervisor: TaskFunction) -> Sequence[JobReturn]:
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

    @contextmanager
    def _closing_killed_runs(self, parent: "SweepRun") -> Iterator[None]:
        """After an interrupt, closes the runs of jobs that were killed before they could do so, as joblib's are."""
        from bloodcells.runs.killed import close_killed, wait_for_jobs
        from bloodcells.sweep.supervise import SECONDS_TO_CLOSE

        try:
            yield
        except KeyboardInterrupt:
            log.info("interrupted: the same command resumes this sweep")
            if self._local_workers:
                wait_for_jobs(parent.store, parent.id, SECONDS_TO_CLOSE)
            close_killed(parent.store)
            raise
