"""The report on a search: a line per trial while it runs, and the results on the terminal and in its run."""

import logging
import math
import shlex
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pandas import DataFrame

from bloodcells.config.errors import JobsFailedError
from bloodcells.config.names import Artifact, Metric
from bloodcells.config.schema import RankBy, TrainConfig
from bloodcells.reporting.spreadsheet import to_csv
from bloodcells.reporting.terminal import aligned, duration
from bloodcells.runs.sweep_run import SweepRun
from bloodcells.sweep.search.settings import SearchSettings
from bloodcells.sweep.search.trial import Trial
from bloodcells.sweep.search.trials import Trials
from bloodcells.sweep.summary import LISTED, command

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)
BEST = 3  # of the best trials, listed with their results
COUNTED = ("done", "done before", "pruned", "diverged", "failed")


class SearchSummary:
    """Reports the trials of a search."""

    def __init__(
        self,
        trials: Trials,
        settings: SearchSettings,
        *,
        parent: SweepRun,
        fixed: Sequence[str],
        launcher: Sequence[str],
        config: TrainConfig,
    ) -> None:
        """fixed, launcher: the overrides that all trials share; config: of any trial, for what they have in common."""
        self._trials, self._settings, self._parent = trials, settings, parent
        self._fixed, self._launcher, self._config, self._start = fixed, launcher, config, time.monotonic()
        self._logged = 0

    def log_progress(self) -> None:
        """Logs one line for each trial since the last call, and one on the state of the search if any was trained."""
        trials, total = self._trials.all, self._settings.trials
        new, self._logged = trials[self._logged :], len(trials)
        for trial in new:
            value = self._trials.value(trial)
            result = f"{trial.result} {trial.pruned}".rstrip() if value is None else f"{trial.result}, {value:.3f}"
            log.info("trial %d of %d: %s: %s", trial.number, total, result, trial.name)
        trained, left = sum(not trial.before for trial in trials), total - len(trials)
        if left and not all(trial.before for trial in new):
            best = [f"best {self._trials.value(trial):.3f}, trial {trial.number}; " for trial in self._best()[:1]]
            elapsed = time.monotonic() - self._start
            seconds = min(elapsed / trained * left, 3600 * (self._settings.hours or math.inf) - elapsed)
            log.info("search: %d left; %sabout %s left", left, "".join(best), duration(max(0.0, seconds)))

    def log_results(self) -> None:
        """Logs the results and stores them with the search's run. Raises JobsFailedError if a trial failed."""
        trials = self._trials
        counts = Counter(trial.result for trial in trials.all)
        totals = ", ".join(f"{counts[result]} {result}" for result in COUNTED if counts[result])
        lines = {"trials": f"{len(trials.all)}: {totals}, in {duration(time.monotonic() - self._start)}"}
        if trials.exhausted:
            lines["space"] = "every combination of its values was tried"
        elif len(trials.all) < self._settings.trials:
            lines["budget"] = f"hydra.sweeper.hours={self._settings.hours} is used up; the same command continues"
        failed = [trial for trial in trials.all if trial.result == "failed"]
        for trial in failed[:LISTED]:
            _append(lines, "failed", f"trial {trial.number}, {trial.name}: {trial.error}")
        if failed:
            lines["retry"] = f"the same command runs the failed trials again: {command()}"
        best = self._best()
        for trial in best[:BEST]:
            _append(lines, "best", f"{trials.value(trial):.3f} {trials.objective}: trial {trial.number}, {trial.name}")
        ranked_by = self._ranked_by()
        if best and (tested := best[0].mean(ranked_by)) is not None:
            lines["test"] = f"{tested:.3f} {ranked_by} of trial {best[0].number}; the search used no test images"
        lines["sweep"] = f"run {self._parent.id}"
        if best:
            lines["next"] = self._next(best[0])
        log.info(aligned(lines))  # before storing, since the store may be unavailable
        text = "\n".join([f"`{command()}`", "", *(f"- {key.strip()}: {line}" for key, line in lines.items())])
        metrics = {f"trials/{result.replace(' ', '_')}": float(counts[result]) for result in COUNTED}
        self._parent.save(text, {Artifact.TRIALS: to_csv(self._table()), **self._figures()}, metrics)
        if failed:
            raise JobsFailedError(f"{len(failed)} trials failed")

    def _best(self) -> list[Trial]:
        """The trials that are done, best first; of trials with the same settings, the first."""
        done = {trial.name: trial for trial in reversed(self._trials.all) if trial.done}.values()
        return sorted(done, key=lambda trial: -(self._trials.value(trial) or 0))

    def _ranked_by(self) -> str:
        """The metric that ranks, or clean accuracy if no trial has that one."""
        metric = self._config.tracking.rank_by.metric
        has_it = any(metric in run.metrics for trial in self._trials.all for run in trial.runs)
        return metric if has_it else Metric.TEST_ACCURACY

    def _next(self, best: Trial) -> str:
        """The command that trains the best trial with seeds that the search has not seen."""
        first = max(self._trials.seeds) + 1
        study = f"study={self._config.study}"  # without the quotes that the parser has added
        fixed = [study if text.startswith("study=") else text for text in self._fixed if not text.startswith("seed=")]
        seeds = ",".join(str(first + place) for place in range(3))
        overrides = shlex.join([*self._launcher, *fixed, *best.overrides])
        return f"python -m bloodcells.train --multirun {overrides} seed={seeds}"

    def _table(self) -> DataFrame:
        """One row per trial: result, value, test accuracy, the searched settings, runs and error."""
        trials, ranked_by = self._trials, self._ranked_by()
        rows = [
            {
                "trial": trial.number,
                "result": trial.result,
                trials.objective: trials.value(trial),
                ranked_by: trial.mean(ranked_by),
                **dict(text.split("=", 1) for text in trial.overrides),
                "runs": " ".join(run.id for run in trial.runs),
                "error": trial.error,
            }
            for trial in trials.all
        ]
        return DataFrame(rows)

    def _figures(self) -> "dict[str, Figure]":
        from bloodcells.sweep.search.figures import history, importance

        clean = self._config.tracking.rank_by is RankBy.clean
        label = f"{'Clean' if clean else 'Composed'} validation accuracy"
        label += f"\n(mean of {len(self._trials.seeds)} seeds)" if len(self._trials.seeds) > 1 else ""
        figures = {Artifact.SEARCH_HISTORY: history(self._trials, label)}
        if bars := importance(self._trials, self._config.seed):
            figures[Artifact.SEARCH_IMPORTANCE] = bars
        return figures


def _append(lines: dict[str, str], key: str, line: str) -> None:
    """Adds a line under the heading `key`, which only the first of them shows."""
    lines[" " * len(lines) if key in lines else key] = line
