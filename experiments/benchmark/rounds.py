"""Runs every contender once per round and computes ratios within each round."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
from multiprocessing import get_context
from os import devnull
from typing import NamedTuple, TypeVar

from pandas import DataFrame

Metrics = Mapping[str, float]  # values by metric, whose name includes the unit, such as "images/s"
Result = TypeVar("Result")


@dataclass(frozen=True)
class Group:
    """Contenders that are compared with one of them, the reference.

    part: the heading of the group's table; contenders: by name, functions that make one measurement
    """

    part: str
    reference: str
    contenders: Mapping[str, Callable[[], Metrics]]


class Measurement(NamedTuple):
    """One metric of one contender in one round, counted from 1."""

    part: str
    contender: str
    metric: str
    round: int
    value: float
    reference: str


def measure(groups: Sequence[Group], rounds: int) -> Iterator[Measurement]:
    """Measures one group after another, each in `rounds` rounds.

    Every second round runs in reverse order, so that no contender always runs right after the same other one.
    """
    for group in groups:
        for number in range(1, rounds + 1):
            for contender in list(group.contenders)[:: 1 if number % 2 else -1]:
                for metric, value in group.contenders[contender]().items():
                    yield Measurement(group.part, contender, metric, number, value, group.reference)


def with_ratios(measurements: Sequence[Measurement]) -> DataFrame:
    """One row per measurement, with a column `ratio`: its value divided by the reference's in the same round.

    Load from other programs affects both, so ratios vary less between rounds than values. A metric that the reference
    does not have gives NaN.
    """
    rows = DataFrame(measurements, columns=list(Measurement._fields))
    key = ["part", "metric", "round"]
    reference = rows[rows["contender"] == rows["reference"]][[*key, "value"]].rename(columns={"value": "divisor"})
    merged = rows.merge(reference, on=key, how="left")
    return rows.assign(ratio=merged["value"] / merged["divisor"])


def fresh(work: Callable[..., Result], *arguments: object) -> Result:
    """The result of `work(*arguments)` in a new process, without what it prints.

    Imports, threads and compiled graphs of earlier measurements then cannot affect it.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_silent, work, *arguments).result()


def _silent(work: Callable[..., Result], *arguments: object) -> Result:
    with open(devnull, "w") as nowhere, redirect_stdout(nowhere):
        return work(*arguments)
