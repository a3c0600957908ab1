"""Measuring in rounds: in each of them everything once, so that a machine's moods meet all alike."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing

from bloodcells.benchmark.group import Figures, Group, Measurement
from bloodcells.benchmark.table import said
from bloodcells.reporting.terminal import duration

log = logging.getLogger(__name__)


def measured(groups: Sequence[Group], rounds: int) -> Iterator[Measurement]:
    """The figures of one group after another, in `rounds` rounds each; tells each as it comes, and the time left.

    Every second round goes backwards, so that of two things none is always the second.
    """
    expected = sum(group.first_round + (rounds - 1) * group.later_round for group in groups)
    began, done = time.perf_counter(), 0.0
    for group in groups:
        with ExitStack() as stack:
            for turns in group.contenders.values():
                stack.enter_context(closing(turns))
            for number in range(1, rounds + 1):
                found: dict[str, Figures] = {}
                for what in list(group.contenders)[:: 1 if number % 2 else -1]:
                    found[what] = next(group.contenders[what])
                    done += (group.later_round if number > 1 else group.first_round) / len(group.contenders)
                    left = (time.perf_counter() - began) * (expected / done - 1)
                    figures = "; ".join(f"{said(value)} {figure}" for figure, value in found[what].items())
                    about = f"  |  about {duration(left)} left" if left >= 1 else ""
                    log.info("%s, round %d of %d: %s: %s%s", group.part, number, rounds, what, figures, about)
                yield from _compared(group, number, found)


def _compared(group: Group, number: int, found: dict[str, Figures]) -> Iterator[Measurement]:
    for what in group.contenders:
        for figure, value in found[what].items():
            reference = found[group.reference].get(figure)
            ratio = value / reference if reference else None
            yield Measurement(group.part, what, figure, number, value, group.reference, ratio)
