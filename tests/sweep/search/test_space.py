"""The search space: Hydra's syntax for sweeps as distributions of Optuna."""

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.sweep.search.space import Dimension, search_space


def parsed(*overrides: str) -> tuple[list[Dimension], list[str]]:
    with initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"):
        return search_space(GlobalHydra.instance().hydra.config_loader, overrides)


@pytest.mark.parametrize(
    ("text", "distribution", "extremes"),
    [
        ("optimizer=adam,sgd", CategoricalDistribution(("adam", "sgd")), ["optimizer=adam", "optimizer=sgd"]),
        ("unfreeze=choice(0,all)", CategoricalDistribution(("0", "all")), ["unfreeze=0", "unfreeze=all"]),
        ("unfreeze=[1,2],[3]", CategoricalDistribution(("[1,2]", "[3]")), ["unfreeze=[1,2]", "unfreeze=[3]"]),
        ("unfreeze=range(3,9,2)", IntDistribution(0, 2), ["unfreeze=3", "unfreeze=7"]),
        ("loss.gamma=range(0.5,2,0.5)", IntDistribution(0, 2), ["loss.gamma=0.5", "loss.gamma=1.5"]),
        ("loss.gamma=interval(0,2)", FloatDistribution(0, 2), ["loss.gamma=0.0", "loss.gamma=2.0"]),
        (
            "++loss.gamma=tag(log,interval(1e-5,1e-2))",
            FloatDistribution(1e-5, 1e-2, log=True),
            ["++loss.gamma=1e-05", "++loss.gamma=0.01"],
        ),
        ("unfreeze=int(interval(1,8))", IntDistribution(1, 8), ["unfreeze=1", "unfreeze=8"]),
        (
            "unfreeze=tag(log,int(interval(1,8)))",
            IntDistribution(1, 8, log=True),
            ["unfreeze=1", "unfreeze=8"],
        ),
    ],
)
def test_sweep_syntax_becomes_a_distribution(text: str, distribution: BaseDistribution, extremes: list[str]) -> None:
    (dimension,), fixed = parsed("seed=3", text, "study=a")
    assert dimension.distribution == distribution
    assert dimension.extremes() == extremes
    assert fixed == ["seed=3", "study=a"]


def test_values_are_short_and_stay_in_the_interval() -> None:
    (dimension,), _ = parsed("loss.gamma=interval(0.123456,0.123476)")
    assert dimension.override(0.12346) == "loss.gamma=0.123476"  # four digits would be 0.1235, which is outside
    (dimension,), _ = parsed("loss.gamma=interval(0,1)")
    assert dimension.override(0.123456) == "loss.gamma=0.1235"


def test_later_overrides_replace_earlier_ones() -> None:
    (dimension,), fixed = parsed("loss.gamma=interval(0,1)", "optimizer=adam,sgd", "optimizer=adam")
    assert (dimension.key, fixed) == ("loss.gamma", ["optimizer=adam"])
    (dimension,), fixed = parsed("optimizer=adam", "optimizer=adam,sgd")
    assert (dimension.key, fixed) == ("optimizer", [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loss.gamma=1", "hydra/sweeper=optuna: expected a setting to search, such as"),
        ("loss.gamma=interval(a,2)", "loss.gamma=interval(a,2): expected two numbers, as in interval("),
        ("loss.gamma=interval(1)", "loss.gamma=interval(1): expected two numbers, as in interval("),
        ("loss.gamma=interval(2,1)", "loss.gamma=interval(2,1): expected the lower bound before the upper one"),
        ("loss.gamma=tag(log,interval(0,1))", "loss.gamma=tag(log,interval(0,1)): expected bounds above 0"),
        ("loss.gamma=tag(sqrt,interval(1,2))", "loss.gamma=tag(sqrt,interval(1,2)): not supported in a search"),
        ("loss.gamma=tag(log,choice(1,2))", "loss.gamma=tag(log,choice(1,2)): not supported in a search"),
        ("loss.gamma=shuffle(1,2,3)", "loss.gamma=shuffle(1,2,3): not supported in a search"),
        ("loss.gamma=range(3,3)", "loss.gamma=range(3,3): expected one value or more; received none"),
        ("experiment=glob(zzz/*)", "experiment=glob(zzz/*): expected one value or more; received none"),
        ("seed=0,1", "seed=0,1: a search averages over seeds; give hydra.sweeper.seeds=[0,1,2]"),
        ("evaluation.chains.strength=0.1,1", "evaluation.chains.strength=0.1,1: cannot be searched; expected"),
        ("data.clean.enabled=true,false", "data.clean.enabled=true,false: cannot be searched; expected"),
    ],
)
def test_what_cannot_be_searched_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        parsed(text)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)
