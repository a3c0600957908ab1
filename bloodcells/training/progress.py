"""Progress of training: one line per epoch with the remaining time, and a progress bar within the epoch."""

import logging
import sys
import time
from collections.abc import Sequence
from typing import Any

import keras
from rich import progress as bars
from rich.console import Console

from bloodcells.config.schema import Monitor
from bloodcells.reporting.terminal import duration, interactive
from bloodcells.training.plan import Stage

log = logging.getLogger(__name__)


class Progress(keras.callbacks.Callback):
    """Logs each epoch with an upper bound of the remaining time; shows a bar on terminals and in notebooks."""

    def __init__(self, stages: Sequence[Stage], backbone_layers: int, steps: int) -> None:
        """steps: batches per epoch."""
        super().__init__()
        self._stages, self._steps = stages, steps
        self._costs = [_costs(stage, backbone_layers) for stage in stages]
        self._bar: bars.Progress | None = None

    def begin_stage(self, number: int, epochs_before: int) -> None:
        """number: of the stage, from 0; epochs_before: of all earlier stages, which may have stopped early."""
        self._number, self._before = number, epochs_before
        self._most = epochs_before + sum(stage.epochs for stage in self._stages[number:])
        self._seconds: list[float] = []
        self._first_step = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._start = time.perf_counter()
        console = Console(file=sys.stdout)
        self._bar = bars.Progress(
            bars.TextColumn(f"{self._stages[self._number].label}, {self._numbered(epoch)}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not interactive(console),
        )
        self._bar.start()
        self._task = self._bar.add_task("", total=self._steps)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if batch == 0:
            self._first_step = time.perf_counter() - self._start
        if self._bar:
            self._bar.update(self._task, completed=batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.close()
        values = logs or {}
        self._seconds.append(time.perf_counter() - self._start)
        left = self._left(epoch + 1)
        log.info(  # within 100 columns
            "%s: loss %.3f | accuracy %.3f, val %.3f, composed %.3f | %s%s",
            self._numbered(epoch),
            *(values[key] for key in ("loss", "accuracy", Monitor.clean.accuracy, Monitor.composed.accuracy)),
            duration(self._seconds[-1]),
            f", {duration(left)} left" if left else "",
        )

    def close(self) -> None:
        """Removes the bar."""
        if self._bar:
            self._bar.stop()

    def _numbered(self, epoch: int) -> str:
        """The epoch's number over all stages, such as "epoch 12/25"."""
        return f"epoch {self._before + epoch + 1}/{self._most}"

    def _left(self, done: int) -> float:
        """Seconds until the end of training after `done` epochs of the stage, if no stage stops early."""
        seconds = self._seconds[1:]  # the first step of a stage includes tracing and compiling the graph
        if not seconds and self._steps > 1:
            seconds = [(self._seconds[0] - self._first_step) * self._steps / (self._steps - 1)]
        seconds = seconds or self._seconds
        costs = self._costs[self._number]
        later = [cost for stage in self._costs[self._number + 1 :] for cost in stage]
        return sum(seconds) / sum(costs[done - len(seconds) : done]) * sum([*costs[done:], *later])


def _costs(stage: Stage, backbone_layers: int) -> list[float]:
    """The cost of each epoch, in forward passes over images of the largest size."""
    passes = 1 + 2 * (1 - stage.depth.first / backbone_layers)  # backward costs two more for layers that train
    shares = [(side / max(stage.sides)) ** 2 for side in stage.sides] or [1.0] * stage.epochs
    return [passes * share for share in shares]
