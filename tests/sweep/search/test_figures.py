"""Figures of a search: the best value so far, and the importance of its settings."""

from types import SimpleNamespace

import numpy as np
import pytest
from optuna.distributions import FloatDistribution
from optuna.study import Study

from bloodcells.sweep.search.figures import history, importance
from bloodcells.sweep.search.settings import SearchSettings
from bloodcells.sweep.search.space import Dimension
from bloodcells.sweep.search.study import ask, new_study
from bloodcells.sweep.search.trial import Ended, Trial
from bloodcells.sweep.search.trials import Trials

SPACE = [Dimension("x", FloatDistribution(0, 1)), Dimension("y$", FloatDistribution(0, 1))]
SETTINGS = SearchSettings.of(
    {"trials": 1, "hours": None, "seeds": None, "n_jobs": None, "startup_trials": 99, "min_epochs": 1, "pruner": "none"}
)


class EndedTrials(Trials):
    """Trials of two seeds that have ended; values: of each trial, or the result of one that is not done."""

    def __init__(self, values: list[float | str], study: Study | None = None) -> None:
        self.study, self.space, self.seeds, self.objective = study, SPACE, [0, 1], "value"
        self.all = []
        for number, value in enumerate(values, start=1):
            done = not isinstance(value, str)
            runs = [SimpleNamespace(metrics={"value": value + seed}, tags={}) if done else None for seed in (-0.1, 0.1)]
            ended = {seed: Ended("done" if done else value, run) for seed, run in enumerate(runs)}
            self.all.append(Trial(number, [], None, ended))

    def highest(self, trial: Trial) -> float:
        return 0.25


def lines(figure) -> dict[str, list[tuple[float, float]]]:
    """The points of each artist in the legend, by its label."""
    (axes,) = figure.axes
    artists = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    points = {
        label: artist.get_xydata() if hasattr(artist, "get_xydata") else artist.get_offsets()
        for label, artist in artists.items()
    }
    return {label: [tuple(map(float, point)) for point in np.asarray(values)] for label, values in points.items()}


def test_history_shows_every_trial_and_the_best_so_far() -> None:
    drawn = lines(history(EndedTrials([0.5, "pruned", 0.25, 0.75, "failed", "diverged"]), "Accuracy"))
    assert drawn["done"] == [(1, 0.5), (3, 0.25), (4, 0.75)]
    assert np.array(drawn["one seed"]) == pytest.approx(
        np.array([(1, 0.4), (1, 0.6), (3, 0.15), (3, 0.35), (4, 0.65), (4, 0.85)])
    )
    assert drawn["pruned"] == [(2, 0.25)]
    assert drawn["best so far"] == [(1, 0.5), (3, 0.5), (4, 0.75), (6, 0.75)]
    assert [place for place, _ in drawn["failed"]] == [5]
    assert [place for place, _ in drawn["diverged"]] == [6]


def test_history_without_a_trial_that_is_done() -> None:
    assert set(lines(history(EndedTrials(["failed", "pruned"]), "Accuracy"))) == {"failed", "pruned"}


def searched(trials: int) -> EndedTrials:
    """A search whose value is x."""
    study = new_study(SETTINGS, 1)
    for _ in range(trials):
        trial = ask(study, SPACE, seed=0, startup_trials=99)
        study.tell(trial, trial.params["x"])
    return EndedTrials([trial.value for trial in study.trials], study)


def test_importance_is_that_of_the_setting_that_matters() -> None:
    figure = importance(searched(30), seed=0)
    (axes,) = figure.axes
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    shares = dict(zip(names, [bar.get_width() for bar in axes.patches], strict=True))
    assert shares["x"] > 0.9
    assert sum(shares.values()) == pytest.approx(1)
    assert "on 30 done trials" in axes.get_xlabel()
    assert importance(searched(3), seed=0) is None
