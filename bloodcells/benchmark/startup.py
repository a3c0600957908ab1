"""Seconds until a program says what it takes."""

import subprocess
import sys
import time

from bloodcells.benchmark.group import Group, Turns

PROGRAMS = ("train", "report")
REFERENCE = "importing Hydra alone"


def groups() -> list[Group]:
    """`--help` of some of the programs, and Python with nothing but the library that makes it."""
    helps = {f"bloodcells.{program} --help": _timed("-m", f"bloodcells.{program}", "--help") for program in PROGRAMS}
    return [
        Group("startup", {**helps, REFERENCE: _timed("-c", "import hydra")}, REFERENCE, first_round=4, later_round=4)
    ]


def _timed(*arguments: str) -> Turns:
    while True:
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        yield {"s": time.perf_counter() - began}
