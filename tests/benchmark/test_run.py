"""A run's breakdown from seconds set by hand."""

import importlib

import pytest

from bloodcells.benchmark.run import CALLED, SHARE, SHORT, WHOLE, breakdown
from tests.conftest import composed


def test_each_second_is_counted_once_and_tracing_told_apart() -> None:
    seconds = {(): 1.0, ("imports",): 5.0, ("training",): 40.0, ("training", "tracking"): 0.8, ("tracking",): 3.0}
    # Four epochs of four seconds, the first of each stage longer: by six and by three.
    epochs = [("scratch", 10.0), ("scratch", 4.0), ("scratch", 4.0), ("fine", 6.0), ("fine", 3.0)]
    figures = breakdown(seconds, epochs)
    steady = 3 * 4.0 + 2 * 3.0
    tracing = 27.0 - steady
    expected = {
        "s of the rest": 1.0,
        "s of imports": 5.0,
        "s of tracking": 3.8,
        "s of training": steady,
        "s of tracing": tracing,
        "s of compiling and callbacks": 40.0 - steady - tracing,
        WHOLE: 49.8 - steady,
    }
    assert {name: figures[name] for name in expected} == pytest.approx(expected)
    parts = [value for name, value in figures.items() if name not in ("s of training", WHOLE, SHARE)]
    assert sum(parts) == pytest.approx(figures[WHOLE])
    # 3 s once, and 25 epochs of 0.8 s / 5 each: 7 of 600 s.
    assert figures[SHARE] == pytest.approx(100 * 7.0 / 600)


def test_all_that_is_timed_is_there() -> None:
    for module, parts in CALLED.items():
        for path in parts:
            found = importlib.import_module(module)
            for name in path.split("."):
                found = getattr(found, name)
            assert callable(found)


def test_the_short_run_has_epochs_after_the_first_in_each_phase() -> None:
    training = composed(*SHORT).training
    assert min(training.feature_extraction.epochs, training.fine_tuning.epochs) > 1
