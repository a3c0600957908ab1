"""The times of a training as it goes on."""

from itertools import pairwise
from time import perf_counter

from bloodcells.benchmark.process import Tell

STEPS = "steps/s"
AN_EPOCH = "s an epoch beside its steps"
TRACING = "s of tracing"


class Watch:
    """Is told of each step and epoch as it ends, and tells the figures of an epoch a turn.

    The first epoch, in which Keras traces its graphs and the pipeline is built, goes before the first turn's.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._since = perf_counter()
        self._steps: list[float] = []
        self._first: float | None = None

    def step(self) -> None:
        self._steps.append(perf_counter())

    def epoch(self) -> None:
        seconds = perf_counter() - self._since
        if self._first is None:
            self._first = seconds
        else:
            figures = steady(self._steps, seconds)
            if self._first:
                figures[TRACING] = self._first - seconds
                self._first = 0.0
            self._tell(figures)
        self._steps.clear()
        self._since = perf_counter()


def steady(ends: list[float], seconds: float) -> dict[str, float]:
    """Steps a second, and what else an epoch takes, such as to start the pipeline and to validate.

    ends: of its steps, by a clock in seconds; the first half is left out, since it lives on batches that were made
        while nothing trained. seconds: of the whole epoch
    """
    half = [after - before for before, after in pairwise(ends[len(ends) // 2 :])]
    rate = len(half) / sum(half)
    return {STEPS: rate, AN_EPOCH: seconds - len(ends) / rate}
