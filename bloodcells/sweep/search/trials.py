"""The trials of a search: asks for them, runs their jobs unless the store has their results, and tells the results."""

import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace

from hydra.core.utils import JobReturn, JobStatus
from optuna.study import Study
from optuna.trial import TrialState

from bloodcells.config.errors import InputError
from bloodcells.config.names import Metric
from bloodcells.config.schema import RankBy, TrainConfig
from bloodcells.runs.killed import close_killed
from bloodcells.runs.sweep_run import Judge, SweepRun
from bloodcells.sweep.decide import Key, Keys, runs_with, within
from bloodcells.sweep.expand import Job
from bloodcells.sweep.search.judge import CurveJudge
from bloodcells.sweep.search.settings import SearchSettings
from bloodcells.sweep.search.space import Dimension
from bloodcells.sweep.search.study import ask, overrides_of
from bloodcells.sweep.search.trial import RESULTS, Ended, Trial, result_of
from bloodcells.sweep.summary import error_of
from bloodcells.tracking.store import store_of
from bloodcells.tracking.stored_run import StoredRun

# What corresponds to each ranking accuracy on the validation images: the metric of an epoch, and of the finished run.
# If settings were chosen by test images, these would no longer be an independent test.
OBJECTIVES = {
    RankBy.composed: (Metric.COMPOSED_VALIDATION_ACCURACY, Metric.BEST_COMPOSED_ACCURACY),
    RankBy.mild: (Metric.COMPOSED_VALIDATION_ACCURACY, Metric.BEST_COMPOSED_ACCURACY),
    RankBy.clean: (Metric.VALIDATION_ACCURACY, Metric.BEST_ACCURACY),
}


class Trials:
    """The trials of a search, in the order in which they were asked for."""

    def __init__(
        self,
        study: Study,
        space: Sequence[Dimension],
        settings: SearchSettings,
        *,
        config: TrainConfig,
        keys: Keys,
        compose: Callable[[Sequence[str]], Job],
        launch: Callable[..., Sequence[JobReturn]],
        parent: SweepRun,
    ) -> None:
        """config: of any trial, for what they have in common.

        compose: the job for the overrides of a trial
        launch: `Sweeper.launch` with what all jobs have in common; parent: the run of the search
        """
        self.all: list[Trial] = []
        self.study, self.space, self.seeds = study, space, settings.seeds or [config.seed]
        self.curve, self.objective = OBJECTIVES[config.tracking.rank_by]
        self._startup, self._seed = settings.startup_trials, config.seed
        self._tracking, self._rerun = config.tracking, config.sweep.rerun
        self._keys, self._compose, self._launch, self._parent = keys, compose, launch, parent

    @property
    def exhausted(self) -> bool:
        """Whether every combination of values has been tried, so that further trials would only repeat them."""
        return len({trial.name for trial in self.all}) >= math.prod(dimension.size for dimension in self.space)

    def value(self, trial: Trial) -> float | None:
        """What the search maximizes; None if the trial is not done."""
        return trial.mean(self.objective)

    def highest(self, trial: Trial) -> float:
        """The highest value of the learning curve of a trial that was pruned."""
        return max(self.study.get_trials(deepcopy=False)[trial.number - 1].intermediate_values.values())

    def run_batch(self, size: int) -> list[Trial]:
        """Asks for `size` trials at once and runs them: the first seed of each, then the others of those not pruned."""
        batch = [self._ask() for _ in range(size)]
        self._run(batch, self.seeds[:1])
        self._run([trial for trial in batch if trial.done], self.seeds[1:])
        for trial in batch:
            self._tell(trial)
        return batch

    def _ask(self) -> Trial:
        asked = ask(self.study, self.space, seed=self._seed, startup_trials=self._startup)
        self.all.append(Trial(asked.number + 1, overrides_of(asked, self.space), asked))
        return self.all[-1]

    def _run(self, trials: Sequence[Trial], seeds: Sequence[int]) -> None:
        """Runs the jobs of these trials and seeds, except those that have a result."""
        places: dict[Key, list[tuple[Trial, int]]] = {}  # trials that are asked for at once can have equal settings
        jobs: dict[Key, Job] = {}
        judges: dict[int, Judge] = {}
        for trial, seed in ((trial, seed) for trial in trials for seed in seeds):
            job = self._job(trial, seed)
            judge = CurveJudge(trial.optuna, self.curve) if seed == self.seeds[0] else None
            try:
                key = self._keys.result(job)
            except InputError as error:
                self._parent.record_error(job.number, job.name, study=job.study, error=str(error))
                trial.ended[seed] = Ended("failed", error=str(error))
                continue
            if before := self._ended(key, judge):
                trial.ended[seed] = before
                continue
            job = jobs.setdefault(key, job)
            places.setdefault(key, []).append((trial, seed))
            if judge:
                judges.setdefault(job.number, judge)
        for key, ended in self._launched(jobs, judges).items():
            for trial, seed in places[key]:
                trial.ended[seed] = ended

    def _job(self, trial: Trial, seed: int) -> Job:
        """The job of a trial with this seed."""
        number = (trial.number - 1) * len(self.seeds) + self.seeds.index(seed) + 1
        name = f"{trial.name} seed={seed}" if len(self.seeds) > 1 else trial.name
        return replace(self._compose([*trial.overrides, f"seed={seed}"]), number=number, name=name)

    def _launched(self, jobs: Mapping[Key, Job], judges: Mapping[int, Judge]) -> dict[Key, Ended]:
        """Launches jobs and returns how each ended."""
        if not jobs:
            return {}
        returned = self._launch(list(jobs.values()), {job.number: key for key, job in jobs.items()}, judges=judges)
        parent = self._parent
        if any(each.status is not JobStatus.COMPLETED for each in returned):
            close_killed(parent.store)
        runs, ended = parent.jobs(), dict[Key, Ended]()
        for (key, job), each in zip(jobs.items(), returned, strict=True):
            run = runs.get(job.number)
            if run and (result := result_of(StoredRun(run))):
                ended[key] = Ended(result, StoredRun(run))
            elif other := self._ended(key, None):  # another sweep has run the same job in the meantime
                ended[key] = other
            else:
                ended[key] = Ended("failed", error=error_of(job, each, run=run, parent=parent))
        return ended

    def _ended(self, key: Key, judge: CurveJudge | None) -> Ended | None:
        """How a job has ended, if the store has a run with a result.

        judge: that of the job. A pruned run counts only if this judge would prune it too, since it may have been
            compared with other trials.
        """
        # With sweep.rerun=true, only what this search itself has trained counts.
        conditions = [within(self._parent.id)] if self._rerun else []
        runs = {result_of(run): run for run in runs_with(self._tracking, key, *conditions)}
        for result in RESULTS:
            if result in runs and (result != "pruned" or self._prunes(judge, runs[result])):
                return Ended(result, runs[result], before=True)
        return None

    def _prunes(self, judge: CurveJudge | None, run: StoredRun) -> bool:
        if judge is None:
            return False
        judge = deepcopy(judge)  # leaves its trial without a curve
        return any(judge(epoch, {self.curve: value}) for epoch, value in self._curve(run).items())

    def _curve(self, run: StoredRun) -> dict[int, float]:
        """The learning curve of a run, by epoch."""
        with store_of(self._tracking).client() as client:
            history = client.get_metric_history(run.id, self.curve)
        return dict(sorted((entry.step, entry.value) for entry in history))

    def _tell(self, trial: Trial) -> None:
        """Tells Optuna the learning curve and the result of a trial."""
        first = trial.ended[self.seeds[0]]
        if first.run and first.result != "diverged":
            judge = CurveJudge(trial.optuna, self.curve)
            for epoch, value in self._curve(first.run).items():
                judge(epoch, {self.curve: value})
        if trial.done:
            self.study.tell(trial.optuna, self.value(trial))
        else:  # a trial that diverged counts as one that was pruned before its first epoch
            self.study.tell(trial.optuna, state=TrialState.FAIL if trial.result == "failed" else TrialState.PRUNED)
