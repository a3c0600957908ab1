"""The sweeper that trains all combinations of the overrides' values. Read it from top to bottom."""

import gc
import json
import logging
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells.config.errors import InputError
from bloodcells.config.schema import TrainConfig
from bloodcells.sweep.expand import Job, expand, parser, threads_per_job
from bloodcells.sweep.sweeper import Sweeper
from bloodcells.tracking.ask_server import ask_server

if TYPE_CHECKING:
    from bloodcells.runs.sweep_run import SweepRun
    from bloodcells.sweep.decide import Decided

log = logging.getLogger(__name__)


class GridSweeper(Sweeper):
    """Expands the jobs, skips those that are done, runs the others with a launcher, and reports the results.

    The sweep syntax (choices, ranges, globs, `params` in a config) is that of Hydra's basic sweeper.
    """

    def run(self, overrides: list[str]) -> None:
        gc.disable()  # collecting garbage again and again among thousands of jobs and stored runs takes seconds
        # Imported here, since MLflow takes a second to import: --help and single runs must not wait for it.
        from bloodcells.runs.checkpoint import claim, run_of
        from bloodcells.runs.killed import close_killed
        from bloodcells.sweep.decide import decide, finished_runs
        from bloodcells.tracking.store import store_of

        if self.settings:
            raise InputError(
                f"hydra.sweeper.{next(iter(self.settings))} is a setting of a search: expected hydra/sweeper=optuna"
            )
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
        ask_server(tracking)
        store.open()
        close_killed(store)
        with claim(store, {"sweep": json.dumps(overrides), "experiment": store.experiment}) as checkpoint:
            interrupted = run_of(checkpoint.name)
            # With sweep.rerun=true, a resumed sweep skips only the jobs that it has finished itself.
            parent_id = (interrupted.info.run_id if interrupted else "none") if rerun else None
            decided = decide(jobs, finished_runs(tracking, parent_id))
            if len(decided.invalid) == len(jobs):
                raise next(iter(decided.invalid.values()))
            if decided.to_do or decided.invalid or interrupted:
                studies = {config.study for config in configs}
                with self.started(checkpoint, interrupted, name=name, studies=studies) as parent:
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
        if intervals := [str(override.input_line) for override in parsed if override.is_interval_sweep()]:
            raise InputError(
                f"{intervals[0]}: expected choices or a range; intervals are for a search, hydra/sweeper=optuna"
            )
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

        gc.enable()
        summary = Summary(decided, parent, ranked_by)
        summary.log_skipped()
        numbers = [job.number for job in decided.to_do]
        with SweepProgress(parent, numbers, len(decided.skipped)) if parent else nullcontext():
            returned = self.launch(
                decided.to_do, decided.keys, total=decided.total, parent=parent, shared=shared, rerun=rerun
            )
        summary.log_results(returned)
