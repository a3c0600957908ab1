"""What people see while it trains: a line an epoch, a bar within it on a terminal, and the time that is left."""

import logging
import sys
import time
from collections.abc import Sequence
from typing import Any

import keras
from rich import progress as bars
from rich.console import Console

from bloodcells.reporting.terminal import duration
from bloodcells.training.plan import Stage

log = logging.getLogger(__name__)


class Progress(keras.callbacks.Callback):
    """Logs each epoch with an estimate of the time left, if no stage stops early."""

    def __init__(self, stages: Sequence[Stage], backbone_layers: int, steps: int) -> None:
        """steps: batches an epoch."""
        super().__init__()
        self._stages, self._steps = stages, steps
        # How long an epoch of each stage takes, in forward passes: going backward costs two more where layers train.
        self._costs = [1 + 2 * (1 - stage.depth.first / backbone_layers) for stage in stages]
        self._bar: bars.Progress | None = None

    def begin_stage(self, number: int) -> None:
        self._number = number
        self._seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._began = time.perf_counter()
        self._bar = bars.Progress(
            bars.TextColumn(f"{self._stages[self._number].label}, epoch {epoch + 1}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TimeRemainingColumn(),
            console=Console(file=sys.stdout),
            transient=True,
            disable=not sys.stdout.isatty(),
        )
        self._bar.start()
        self._task = self._bar.add_task("", total=self._steps)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self._bar:
            self._bar.update(self._task, completed=batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.close()
        figures = logs or {}
        stage = self._stages[self._number]
        self._seconds.append(time.perf_counter() - self._began)
        left = self._left(epoch + 1)
        log.info(
            "%s %d/%d  loss %.4f  accuracy %.4f  |  validation: loss %.4f  accuracy %.4f  |  %s%s",
            *(stage.label, epoch + 1, stage.epochs),
            *(figures[key] for key in ("loss", "accuracy", "val_loss", "val_accuracy")),
            duration(self._seconds[-1]),
            f", at most {duration(left)} left" if left else "",
        )

    def close(self) -> None:
        """Takes the bar off the terminal."""
        if self._bar:
            self._bar.stop()

    def _left(self, done: int) -> float:
        # The first epoch of a stage traces the graph too; the others tell more about those to come.
        seconds = self._seconds[1:] or self._seconds
        now, later = self._stages[self._number], self._number + 1
        passes = (now.epochs - done) * self._costs[self._number]
        passes += sum(
            stage.epochs * cost for stage, cost in zip(self._stages[later:], self._costs[later:], strict=True)
        )
        return sum(seconds) / len(seconds) / self._costs[self._number] * passes
