"""Where the seconds of a whole run go, but for those in which it trains, and what of them is tracking."""

import importlib
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from itertools import groupby
from statistics import median
from typing import Any

from bloodcells.benchmark.clock import Clock
from bloodcells.benchmark.configs import composed
from bloodcells.benchmark.group import Figures, Group, Turns
from bloodcells.benchmark.process import Tell, fresh
from bloodcells.reporting.quiet_tensorflow import import_tensorflow

SHORT = (
    "data.images=300",
    "training.feature_extraction.epochs=2",
    "training.fine_tuning.epochs=2",
    "evaluation.shift.severities=[3]",
)
TRACKING, TRAINING = "tracking", "training"
WHOLE = "s in all but training"
SHARE = "% of ten minutes that tracking takes"
TEN_MINUTES, EPOCHS = 600.0, 25  # its seconds, and the epochs that conf/training/two_phase.yaml has

# What bloodcells.train calls, by the module it takes it from, and what that is part of.
CALLED = {
    "bloodcells.runs.train": {"load": "data", "clean": "data", "split": "data", "fingerprint": TRACKING},
    "bloodcells.training.devices": {"prepare": "model"},
    "bloodcells.model.build": {"build": "model"},
    "bloodcells.augmentation.compose": {"steps": "model"},
    "bloodcells.training.fit": {"fit": TRAINING},
    "bloodcells.training.state": {"StateFile.write": TRACKING},
    "bloodcells.evaluation.score": {"score": "scoring"},
    "bloodcells.runs.contents": {"inputs": "figures", "results": "figures"},
    "bloodcells.runs.lifecycle": {"tracked": TRACKING},
    "bloodcells.tracking.run": dict.fromkeys(
        ("Tracked.describe", "Tracked.keep", "Tracked.keep_model", "Tracked.score"), TRACKING
    ),
}


def groups(seed: int) -> list[Group]:
    """A short run with its results kept in MLflow, and one with nothing kept."""
    contenders = {f"tracking={how}": _runs(how, seed) for how in ("local", "off")}
    return [Group("run", contenders, "tracking=off", first_round=38, later_round=38)]


def _runs(how: str, seed: int) -> Turns:
    while True:
        yield fresh(_run, how, seed)


def _run(tell: Tell, how: str, seed: int) -> None:
    """Trains in this process, which must be a fresh one: what is timed stays so."""
    clock = Clock()
    with clock.within("imports"):
        import_tensorflow()
        modules = {name: importlib.import_module(name) for name in CALLED}
    fitted: list[Any] = []
    modules["bloodcells.training.fit"].__dict__["fit"] = _kept(modules["bloodcells.training.fit"].fit, fitted)
    for name, parts in CALLED.items():
        for path, part in parts.items():
            *owners, function = path.split(".")
            owner = getattr(modules[name], owners[0]) if owners else modules[name]
            setattr(owner, function, clock.timed(getattr(owner, function), part))
    with tempfile.TemporaryDirectory() as folder:
        place = (f"tracking.directory={folder}",) if how == "local" else ()
        modules["bloodcells.runs.train"].train(composed(*SHORT, f"seed={seed}", f"tracking={how}", *place))
        clock.stop()
    figures = breakdown(clock.seconds, [(row.stage, row.seconds) for row in fitted[0].history])
    tell(figures if how == "local" else {name: value for name, value in figures.items() if name != SHARE})


def _kept(function: Callable[..., Any], answers: list[Any]) -> Callable[..., Any]:
    """`function`, what it answers added to `answers`."""

    @wraps(function)
    def run(*arguments: Any, **named: Any) -> Any:
        answers.append(function(*arguments, **named))
        return answers[-1]

    return run


def breakdown(seconds: Mapping[tuple[str, ...], float], epochs: Sequence[tuple[str, float]]) -> Figures:
    """The figures of a run, from a clock's seconds by part, and the stage and seconds of each epoch.

    A stage's first epoch traces its graph: what it takes longer than the median of the others is told apart. What
    tracking would be of ten minutes is what it takes once, and as many times as those have epochs what it takes in one.
    """
    figures: dict[str, float] = defaultdict(float)
    for parts, passed in seconds.items():
        figures[f"s of {parts[-1] if parts else 'the rest'}"] += passed
    stages = [[passed for _, passed in rows] for _, rows in groupby(epochs, key=lambda row: row[0])]
    steady = sum(len(stage) * median(stage[1:]) for stage in stages)
    tracing = sum(passed for _, passed in epochs) - steady
    compiling = figures.pop(f"s of {TRAINING}") - steady - tracing
    figures |= {"s of compiling and callbacks": compiling, "s of tracing": tracing, "s of training": steady}
    figures[WHOLE] = sum(seconds.values()) - steady
    an_epoch = seconds.get((TRAINING, TRACKING), 0.0) / len(epochs)
    once = figures[f"s of {TRACKING}"] - an_epoch * len(epochs)
    figures[SHARE] = 100 * (once + EPOCHS * an_epoch) / TEN_MINUTES
    return figures
