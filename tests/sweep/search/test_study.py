"""Optuna's study: the same seed and results give the same trials."""

import pickle

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.study import Study

from bloodcells.sweep.search.judge import CurveJudge
from bloodcells.sweep.search.settings import Pruner, SearchSettings
from bloodcells.sweep.search.space import Dimension
from bloodcells.sweep.search.study import ask, new_study, overrides_of

SPACE = [Dimension("x", FloatDistribution(0, 1)), Dimension("c", CategoricalDistribution(("a", "b")))]


def settings(pruner: str = "none", **changed: object) -> SearchSettings:
    given = {"trials": 1, "hours": None, "seeds": None, "n_jobs": None, "startup_trials": 3, "min_epochs": 2}
    return SearchSettings.of({**given, "pruner": pruner, **changed})


def values(seed: int, trials: int, at_once: int = 1, known: int = 0) -> list[list[str]]:
    """The trials of a search for the highest x; known: trials at the start that a resumed search asks for again."""
    study, drawn = new_study(settings(), 4), []
    while len(drawn) < trials:
        if len(drawn) == known:
            study = pickle.loads(pickle.dumps(study))
        batch = [ask(study, SPACE, seed=seed, startup_trials=3) for _ in range(at_once)]
        drawn += [overrides_of(trial, SPACE) for trial in batch]
        for trial in batch:
            study.tell(trial, trial.params["x"])
    return drawn


def test_trials_follow_from_the_seed() -> None:
    assert values(0, 8) == values(0, 8) == values(0, 8, known=5)
    assert values(0, 8) != values(1, 8)
    assert values(0, 8) == values(0, 12)[:8]
    assert values(0, 8, at_once=4) == values(0, 8, at_once=4)
    assert values(0, 3, at_once=3) == values(0, 3)  # drawn at random, whatever the others' results


def test_the_sampler_learns() -> None:
    x = [float(drawn[0].removeprefix("x=")) for drawn in values(0, 40)]
    assert sum(x[20:]) / 20 > 0.75 > sum(x[:3]) / 3


def with_curves(pruner: str, *curves: list[float]) -> Study:
    """A study of trials that are done, with these learning curves."""
    study = new_study(settings(pruner), 4)
    for curve in curves:
        trial = study.ask()
        judge = CurveJudge(trial, "val")
        for epoch, value in enumerate(curve, start=1):
            judge(epoch, {"val": value})
        study.tell(trial, max(curve))
    return study


@pytest.mark.parametrize(
    ("curve", "pruned_after"),
    [
        # The median of the others is 0.2, 0.4, 0.6, 0.8.
        ([0.3, 0.5, 0.7, 0.9], None),
        ([0.0, 0.1, 0.2, 0.3], 2),  # never before the second epoch
        ([0.3, 0.5, 0.5, 0.5], 3),
        ([0.7, 0.0, 0.0, 0.0], 4),  # the best epoch so far counts, 0.7
    ],
)
def test_the_median_pruner_ends_trials_below_the_median(curve: list[float], pruned_after: int | None) -> None:
    others = [[0.1, 0.3, 0.5, 0.7], [0.2, 0.4, 0.6, 0.8], [0.3, 0.5, 0.7, 0.9]]
    study = with_curves("median", *others)
    judge = pickle.loads(pickle.dumps(CurveJudge(study.ask(), "val")))  # as it reaches the process of a job
    decisions = [judge(epoch, {"val": value}) for epoch, value in enumerate(curve, start=1)]
    assert (decisions.index(True) + 1 if True in decisions else None) == pruned_after
    early = CurveJudge(with_curves("median", *others[:2]).ask(), "val")
    assert not any(early(epoch, {"val": 0.0}) for epoch in range(1, 5))  # too few trials to compare with


def test_hyperband_and_none() -> None:
    others = [[0.5, 0.6, 0.7, 0.8]] * 3
    bad = [0.1, 0.1, 0.1, 0.1]
    judge = CurveJudge(with_curves("hyperband", *others).ask(), "val")
    assert [judge(epoch, {"val": value}) for epoch, value in enumerate(bad, start=1)][:2] == [False, True]
    judge = CurveJudge(with_curves("none", *others).ask(), "val")
    assert not any(judge(epoch, {"val": value}) for epoch, value in enumerate(bad, start=1))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"trials": 0}, "hydra.sweeper.trials=0: expected a number in [1, inf)"),
        ({"trials": "many"}, "hydra.sweeper.trials=many: expected an integer"),
        ({"hours": -1}, "hydra.sweeper.hours=-1.0: expected a number in (0, inf)"),
        ({"pruner": "mean"}, "hydra.sweeper.pruner=mean: expected one of median, hyperband, none"),
        ({"seeds": []}, "hydra.sweeper.seeds=[]: expected different seeds"),
        ({"seeds": [1, 1]}, "hydra.sweeper.seeds=[1, 1]: expected different seeds"),
    ],
)
def test_wrong_settings_are_one_clear_error(changed: dict, message: str) -> None:
    with pytest.raises(ValueError, match="hydra") as raised:
        settings(**{"pruner": "none", **changed})
    assert str(raised.value).startswith(message)


def test_more_trials_and_hours_continue_a_search() -> None:
    assert settings(trials=3, hours=1).identity == settings(trials=5).identity
    assert settings(seeds=[0, 1]).identity != settings().identity
    assert settings("median").pruner is Pruner.median
    assert (settings(hours=0.5).over(1799), settings(hours=0.5).over(1800), settings().over(1e9)) == (
        False,
        True,
        False,
    )
