"""Seconds of a sweep over depths: by itself, with jobs side by side, and as one command after the other."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from itertools import product

from bloodcells.benchmark.group import Group, Turns
from bloodcells.config.checkout import CHECKOUT

# Short runs, their phases in the proportion that conf/training/two_phase.yaml has.
SHORT = (
    "data.images=600",
    "training.feature_extraction.epochs=4",
    "training.fine_tuning.epochs=6",
    "evaluation.shift.severities=[3]",
)
SWEPT = {"unfreeze": ("0", "10", "20", "all"), "seed": ("0", "1", "2")}
ONE_BY_ONE = "a command a job"


def groups() -> list[Group]:
    """The same jobs in each way; a sweep trains phase 1 once for each seed."""
    sweep = ("--multirun", *(f"{key}={','.join(values)}" for key, values in SWEPT.items()))
    jobs = [[f"{key}={value}" for key, value in zip(SWEPT, job, strict=True)] for job in product(*SWEPT.values())]
    contenders = {
        ONE_BY_ONE: _timed(jobs),
        "a sweep": _timed([sweep]),
        "a sweep, a job a core": _timed([(*sweep, "hydra/launcher=joblib")]),
    }
    return [Group("sweep", contenders, ONE_BY_ONE, first_round=800, later_round=800)]


def _timed(commands: Iterable[Iterable[str]]) -> Turns:
    while True:
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            for overrides in commands:
                arguments = ["-m", "bloodcells.train", *overrides, *SHORT, f"tracking.directory={folder}"]
                subprocess.run([sys.executable, *arguments], check=True, cwd=CHECKOUT, stdout=subprocess.DEVNULL)
            yield {"s": time.perf_counter() - began}
