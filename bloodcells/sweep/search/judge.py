"""Prunes a run after an epoch, in the process that trains it. Imports no Optuna."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mlflow

from bloodcells.config.names import Tag
from bloodcells.config.schema import TrainConfig
from bloodcells.runs.sweep_run import Judge, PrunedError
from bloodcells.tracking.store import Store, store_of

if TYPE_CHECKING:
    from optuna.trial import Trial as OptunaTrial

    from bloodcells.runs.train import Tracker
    from bloodcells.tracking.live_run import LiveRun

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CurveJudge:
    """Prunes a run by its learning curve.

    trial: the trial that the run belongs to, in the study of the earlier trials. In the run's process, both are copies
        as they were when the trial started, so that the decision does not depend on trials that run at the same time.
    metric: of the learning curve
    """

    trial: "OptunaTrial"
    metric: str

    def __call__(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        self.trial.report(metrics[self.metric], epoch)
        return self.trial.should_prune()


class _JudgedRun:
    """A live run in `store` that raises PrunedError after the epoch after which it is pruned."""

    def __init__(self, run: "LiveRun", judge: Judge, store: Store) -> None:
        self._run, self._judge, self._store = run, judge, store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._run, name)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None, ago: float = 0.0) -> None:
        self._run.log_metrics(metrics, step, ago)
        if step is not None and self._judge(step, metrics):
            with self._store.errors():
                mlflow.set_tag(Tag.PRUNED, f"after epoch {step}")
            log.info("pruned after epoch %d: its learning curve is worse than those of earlier trials", step)
            raise PrunedError(f"after epoch {step}: its learning curve is worse than those of earlier trials")


@contextmanager
def judged(tracker: "Tracker", judge: Judge, config: TrainConfig, *more: Any) -> Iterator[Any]:
    """The run that `tracker` opens, which `judge` may prune; config, more: the arguments of the tracker."""
    with tracker(config, *more) as run:
        yield _JudgedRun(run, judge, store_of(config.tracking))
