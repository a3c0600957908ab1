"""Hydra's sweeper for training, `python -m bloodcells.train --multirun`, read from top to bottom."""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus, configure_log
from hydra.plugins.sweeper import Sweeper as HydraSweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, ServerTracking, TrainConfig
from bloodcells.sweep.expand import Job, Nested, expand
from bloodcells.sweep.share import threads

if TYPE_CHECKING:
    from bloodcells.runs.sweep_run import Parent
    from bloodcells.sweep.decide import Decided

log = logging.getLogger(__name__)
ALONE = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"  # one job after the other, in this terminal


class Sweeper(HydraSweeper):
    """Finds the jobs, skips those that are done, has a launcher run the others, and tells what came of them.

    Choices, ranges, globs and `params`, overrides that a config brings along, are as in Hydra's basic one.
    """

    def __init__(self, params: dict[str, str] | None) -> None:
        self._params = [f"{key}={value}" for key, value in (params or {}).items()]

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Takes what Hydra composed for all jobs; `task_function` is left, since each job has a process of its own."""
        self._context, self._config = hydra_context, config

    def sweep(self, arguments: list[str]) -> None:
        """Raises InputError where no job can be run, and JobsFailedError, at the end, where some failed."""
        # MLflow comes in only here: whatever else the program is asked takes a second less without.
        from bloodcells.runs.killed import close_dead
        from bloodcells.runs.sweep_run import parent_run
        from bloodcells.runs.unfinished import claimed, run_at
        from bloodcells.sweep.decide import decide, finished
        from bloodcells.tracking.store import open_store

        configure_log(self._config.hydra.hydra_logging, self._config.hydra.verbose)
        said = [*self._params, *arguments]
        jobs, name = self._jobs(said)
        if not jobs:
            raise InputError(f"{' '.join(said)}: no job; expected one or more: nothing matches that, or it is empty")
        configs = [job.config for job in jobs if isinstance(job.config, TrainConfig)]
        if not configs:
            raise next(job.config for job in jobs if isinstance(job.config, InputError))
        tracking, rerun = configs[0].tracking, configs[0].sweep.rerun
        if any((config.tracking, config.sweep.rerun) != (tracking, rerun) for config in configs):
            raise InputError("tracking and sweep: expected the same for all jobs of a sweep; received several")
        if not isinstance(tracking, LocalTracking | ServerTracking):
            self._run(decide(jobs, {}), None, None, rerun)
            return
        open_store(tracking)
        close_dead(tracking)
        with claimed(tracking, _identity(said, tracking)) as place:
            left = run_at(place.name)
            # One that is done again from the start, and was interrupted, does not begin with that once more.
            below = (left.info.run_id if left else "none") if rerun else None
            decided = decide(jobs, finished(tracking, below))
            if len(decided.wrong) == len(jobs):
                raise next(iter(decided.wrong.values()))
            if decided.to_do or decided.wrong or left:
                studies = {config.study for config in configs}
                with parent_run(tracking, place, left, name, studies) as parent, _closing_dead(tracking):
                    self._run(decided, parent, place.folder, rerun)
            else:
                log.info("all %d jobs are done already; sweep.rerun=true does them again", len(jobs))
            place.remove()

    def _jobs(self, arguments: Sequence[str]) -> tuple[list[Job], str]:
        """Those that the overrides expand to, each with its share of threads where several run; and a name for all."""
        from hydra._internal.core_plugins.basic_sweeper import BasicSweeper  # which Hydra imports anew as it begins

        loader = self._context.config_loader
        parsed = OverridesParser.create(config_loader=cast(ConfigLoader, Nested(loader))).parse_overrides(
            list(arguments)
        )
        (overrides,) = BasicSweeper.split_arguments(parsed, None)
        jobs = expand(loader, self._config, overrides)
        share = threads(self._config.hydra.launcher, len(jobs))
        last = {override.get_key_element(): override for override in parsed}  # counts, of several for a key
        swept = [str(override.input_line) for override in last.values() if override.is_sweep_override()]
        return [
            replace(job, overrides=(*job.overrides, f"training.threads={share}"))
            if share and isinstance(job.config, TrainConfig) and job.config.training.threads is None
            else job
            for job in jobs
        ], f"sweep {' '.join(swept) or 'of one job'}"

    def _run(self, decided: "Decided", parent: "Parent | None", shared: Path | None, rerun: bool) -> None:
        """Has the jobs that are to be done run, and tells of all; raises JobsFailedError where one failed."""
        from bloodcells.sweep.summary import Summary
        from bloodcells.sweep.supervise import Supervisor
        from bloodcells.sweep.watch import Watch

        summary = Summary(decided, parent)
        summary.tell_before()
        folder = Path(str(self._config.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self._config, folder / "multirun.yaml")
        logs = None if self._config.hydra.launcher._target_ == ALONE else folder
        named = tuple((job.number, job.name, decided.keys[job.number]) for job in decided.to_do)
        driver = os.getpid() if "n_jobs" in self._config.hydra.launcher else None  # joblib's workers would go on
        supervisor = Supervisor(named, decided.total, parent, shared, logs, driver, rerun)
        with Watch(parent, [job.number for job in decided.to_do], len(decided.done)) if parent else nullcontext():
            returned = self._launch(decided.to_do, supervisor)
        summary.tell_after(returned)

    def _launch(self, jobs: Sequence[Job], supervisor: TaskFunction) -> Sequence[JobReturn]:
        if not jobs:
            return []
        launcher = Plugins.instance().instantiate_launcher(self._context, supervisor, self._config)
        try:
            return launcher.launch([list(job.overrides) for job in jobs], initial_job_idx=0)
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001  # Submitit's and joblib's raise for all what befell one of their workers
            log.warning("the launcher ended with %s: %s", type(error).__name__, error)
            lost = JobReturn(status=JobStatus.FAILED)
            lost.return_value = error
            return [lost] * len(jobs)


@contextmanager
def _closing_dead(tracking: LocalTracking | ServerTracking) -> Iterator[None]:
    """Closes the runs of jobs that an interrupt did not leave the time to: joblib kills its workers."""
    from bloodcells.runs.killed import close_dead

    try:
        yield
    except KeyboardInterrupt:
        log.info("interrupted: the same command goes on with this sweep")
        close_dead(tracking)
        raise


def _identity(said: Sequence[str], tracking: LocalTracking | ServerTracking) -> dict[str, str]:
    """What the same command has in common with itself."""
    server = tracking.uri if isinstance(tracking, ServerTracking) else ""
    return {"sweep": json.dumps(list(said)), "server": server, "experiment": tracking.experiment}
