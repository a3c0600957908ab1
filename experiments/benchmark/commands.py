"""Wall-clock seconds of commands: `--help`, those on many stored runs, and a sweep compared with separate commands."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache, partial
from itertools import product

from bloodcells.config.checkout import CHECKOUT
from experiments.benchmark.rounds import Group, Metrics

IMPORT = "import hydra"
PROGRAMS = ("train", "inspect", "evaluate", "predict", "report", "reproduce", "export")
FINISHED = ("optimizer=adam,adamw,lion,sgd", "seed=range(250)")  # 1,000 jobs
ONE_BY_ONE = "one command per job"
SWEPT = {"unfreeze": ("0", "10", "20", "all"), "seed": ("0", "1", "2")}
# Short runs whose phases have about the same proportion as in conf/training/two_phase.yaml.
SHORT = (
    "data.images=600",
    "training.feature_extraction.epochs=4",
    "training.fine_tuning.epochs=6",
    "evaluation.grid.severities=[3]",
)


def startup() -> Group:
    """`--help` of all programs and `--cfg job`, compared with importing Hydra, which composes them."""
    commands = [f"bloodcells.{name} --help" for name in PROGRAMS] + ["bloodcells.train --cfg job"]
    contenders = {command: partial(_seconds, [("-m", *command.split())]) for command in commands}
    return Group("startup", IMPORT, {**contenders, IMPORT: _import})


def stored() -> Group:
    """A sweep whose jobs are all done, and a report, on 1,000 artificial runs each; compared with importing Hydra."""
    contenders = {"sweep of 1,000 finished jobs": _finished_sweep, "report on 1,000 runs": _report, IMPORT: _import}
    return Group("stored", IMPORT, contenders)


def _finished_sweep() -> Metrics:
    tracking = f"tracking.directory={_filled(*FINISHED).name}"
    return _seconds([("-m", "bloodcells.train", "--multirun", *FINISHED, tracking)])


def _report() -> Metrics:
    folder = _filled().name
    return _seconds([("-m", "bloodcells.report", f"tracking.directory={folder}", f"output={folder}/report")])


def _import() -> Metrics:
    return _seconds([("-c", IMPORT)])


@cache
def _filled(*arguments: str) -> tempfile.TemporaryDirectory[str]:
    """A folder with a store of artificial runs, filled once and deleted at the end."""
    folder = tempfile.TemporaryDirectory()
    _seconds([("-m", "tests.comparison.fill_store", folder.name, *arguments)])
    return folder


def sweep() -> Group:
    """The same jobs as separate commands, as one sweep, and as one sweep with one job per core.

    A sweep trains phase 1 once per seed.
    """
    jobs = [[f"{key}={value}" for key, value in zip(SWEPT, job, strict=True)] for job in product(*SWEPT.values())]
    together = ["--multirun", *(f"{key}={','.join(values)}" for key, values in SWEPT.items())]
    contenders = {
        ONE_BY_ONE: partial(_train, jobs),
        "one sweep": partial(_train, [together]),
        "one sweep, one job per core": partial(_train, [[*together, "hydra/launcher=joblib"]]),
    }
    return Group("sweep", ONE_BY_ONE, contenders)


def _train(commands: Sequence[Sequence[str]]) -> Metrics:
    """Trains with each command's overrides, all in one new store."""
    with tempfile.TemporaryDirectory() as folder:
        always = (*SHORT, f"tracking.directory={folder}")
        return _seconds([["-m", "bloodcells.train", *overrides, *always] for overrides in commands])


def _seconds(commands: Sequence[Sequence[str]]) -> Metrics:
    """Seconds that Python takes for these commands, one after another."""
    start = time.perf_counter()
    for arguments in commands:
        subprocess.run([sys.executable, *arguments], check=True, cwd=CHECKOUT, stdout=subprocess.DEVNULL)
    return {"seconds": time.perf_counter() - start}
