"""Hydra's sweeper for a search: `--multirun hydra/sweeper=optuna`. Read it from top to bottom."""

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bloodcells.config.errors import InputError
from bloodcells.config.schema import TrainConfig
from bloodcells.sweep.expand import Composer, Job, threads_per_job
from bloodcells.sweep.search.settings import SearchSettings
from bloodcells.sweep.sweeper import SEQUENTIAL, Sweeper
from bloodcells.tracking.ask_server import ask_server

if TYPE_CHECKING:
    from bloodcells.sweep.decide import Keys
    from bloodcells.sweep.search.space import Dimension

LAUNCHER = "hydra.launcher"  # in overrides of the launcher and its settings


class OptunaSweeper(Sweeper):
    """Searches the settings with the best validation accuracy, one batch of trials after the other.

    The runs in the store are its only record: given again, the same command asks Optuna for the same trials, skips
    those that have ended, and resumes those that were interrupted.
    """

    def run(self, overrides: list[str]) -> None:
        start, settings = time.monotonic(), SearchSettings.of(self.settings)
        at_once = self._at_once(settings)
        if find_spec("optuna") is None:
            raise InputError(
                "hydra/sweeper=optuna: Optuna is not installed; install the extra: pip install '.[optuna]'"
            )
        from bloodcells.runs.checkpoint import claim, run_of
        from bloodcells.runs.killed import close_killed
        from bloodcells.sweep.decide import Keys
        from bloodcells.sweep.search.space import search_space
        from bloodcells.sweep.search.study import new_study
        from bloodcells.sweep.search.summary import SearchSummary
        from bloodcells.sweep.search.trials import Trials
        from bloodcells.tracking.store import store_of

        space, fixed = search_space(self._context.config_loader, overrides)
        keys, threads = Keys(), threads_per_job(self._config.hydra.launcher, at_once)
        config = _checked(space, self._compose(fixed, threads), keys)
        store = store_of(config.tracking)
        if not store.keeps_runs:
            raise InputError(f"{store.setting}: a search compares stored runs; expected tracking=local or server")
        store.open()
        close_killed(store)
        phases = (config.training.feature_extraction, config.training.fine_tuning)
        study = new_study(settings, epochs=sum(phase.epochs for phase in phases))
        name = f"search {' '.join(dimension.key for dimension in space)}"
        identity = {"sweep": json.dumps([overrides, settings.identity]), "experiment": store.experiment}
        with claim(store, identity) as checkpoint:
            with self.started(checkpoint, run_of(checkpoint.name), name=name, studies={config.study}) as parent:
                total = settings.trials * len(settings.seeds or [config.seed])
                shared, rerun = checkpoint.folder, config.sweep.rerun
                launch = partial(self.launch, total=total, parent=parent, shared=shared, rerun=rerun)
                compose = self._compose(fixed, threads)
                trials = Trials(
                    study, space, settings, config=config, keys=keys, compose=compose, launch=launch, parent=parent
                )
                launcher = [text for text in self._config.hydra.overrides.hydra if LAUNCHER in text.replace("/", ".")]
                summary = SearchSummary(trials, settings, parent=parent, fixed=fixed, launcher=launcher, config=config)
                while (left := settings.trials - len(trials.all)) and not trials.exhausted:
                    if settings.over(time.monotonic() - start):
                        break
                    trials.run_batch(min(at_once, left))
                    summary.log_progress()
                summary.log_results()
            checkpoint.remove()

    def _compose(self, fixed: Sequence[str], threads: int | None) -> Callable[[Sequence[str]], Job]:
        """A function that composes the job of a trial from its overrides, which must always set the same keys."""
        composer = Composer(self._context.config_loader, self._config)

        def compose(drawn: Sequence[str]) -> Job:
            overrides = (*fixed, *drawn)
            return Job(0, "", overrides, composer.config(overrides)).with_threads(threads)

        return compose

    def _at_once(self, settings: SearchSettings) -> int:
        """How many trials run at once."""
        launcher = self._config.hydra.launcher
        if settings.n_jobs:
            return settings.n_jobs
        if launcher._target_ == SEQUENTIAL:
            return 1
        if "n_jobs" in launcher:
            from joblib import effective_n_jobs

            return int(effective_n_jobs(launcher.n_jobs))
        raise InputError("hydra.sweeper.n_jobs=null: expected the number of trials to run at once")


def _checked(space: "Sequence[Dimension]", compose: Callable[[Sequence[str]], Job], keys: "Keys") -> TrainConfig:
    """The config of a trial. Raises InputError if a choice, or an end of a range or an interval, cannot be trained.

    Each is checked with the first value of every other setting.
    """
    first = [dimension.extremes()[0] for dimension in space]
    job = compose(first)
    if isinstance(job.config, TrainConfig):
        ask_server(job.config.tracking)  # before the keys, for which the data are loaded
    for place, dimension in enumerate(space):
        for extreme in dimension.extremes():
            other = compose([*first[:place], extreme, *first[place + 1 :]])
            try:
                keys.result(other)
            except InputError as error:
                raise InputError(str(error) + "".join(each.hint(str(error)) for each in space)) from error
            if _common(other) != _common(job):
                raise InputError(
                    f"{extreme}: expected the same seed, data, evaluation, tracking and sweep for all trials"
                )
    assert isinstance(job.config, TrainConfig)
    return job.config


def _common(job: Job) -> tuple[Any, ...]:
    """The settings that all trials must have in common, since they are compared."""
    config = job.config
    assert isinstance(config, TrainConfig)
    return config.seed, config.data, config.evaluation, config.tracking, config.sweep
