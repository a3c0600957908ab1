"""What a sweep expands to: the configs that each job alone would have."""

from itertools import product

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Glob
from hydra.types import RunMode

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.sweep import expand as module
from bloodcells.sweep.expand import Job, Nested, expand
from tests.conftest import composed


def expanded(*overrides: list[str]) -> list[Job]:
    """The jobs of all combinations."""
    with initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"):
        loader = GlobalHydra.instance().hydra.config_loader
        return expand(loader, loader.load_configuration("train", [], RunMode.MULTIRUN), list(product(*overrides)))


@pytest.mark.parametrize(
    "overrides",
    [
        (["seed=0", "seed=7"], ["unfreeze=0", "unfreeze=all", "unfreeze=0.25", "unfreeze=block2"]),
        (["optimizer=adam", "optimizer=lion"], ["optimizer.beta_1=0.5", "optimizer.beta_1=0.8"], ["seed=0", "seed=1"]),
        (["unfreeze=[10,all]", "unfreeze=10"], ["seed=1", "seed=2"]),
        (["augmentation=none", "augmentation=[extended,mixup]"], ["augmentation.mixup=null"], ["seed=1", "seed=2"]),
        (["schedule@training.fine_tuning.schedule=constant"], ["training.fine_tuning.learning_rate=1e-5", "seed=3"]),
        (["backbone=vgg19", "backbone=mobilenetv2"], ["backbone.weights=null", "backbone.weights=imagenet"]),
        (["study=null", "study=a"], ["++training.threads=2", "training.threads=3"]),
    ],
)
def test_each_job_has_the_config_that_it_has_alone(overrides) -> None:
    jobs = expanded(*overrides)
    assert [job.number for job in jobs] == list(range(1, len(jobs) + 1))
    assert [job.overrides for job in jobs] == list(product(*overrides))
    for job in jobs:
        assert job.config == composed(*job.overrides)


def test_what_is_wrong_with_a_job_is_its_own() -> None:
    good, negative, text, again = (
        job.config for job in expanded(["seed=4", "seed=-1", "seed=x", "seed=5"], ["unfreeze=0"])
    )
    assert (good.seed, again.seed) == (4, 5)
    assert isinstance(negative, InputError)
    assert str(negative).startswith("seed=-1: expected a number in")
    assert "seed: Value 'x'" in str(text)


def test_options_and_keys_that_do_not_exist_are_told_as_for_a_single_run() -> None:
    wrong, right = (job.config for job in expanded(["backbone=vgg91", "backbone=vgg19"]))
    assert str(wrong).startswith("backbone=vgg91: expected one of")
    assert right.backbone.name == "vgg19"
    (unknown,) = (job.config for job in expanded(["sed=3"]))
    assert "did you mean seed?" in str(unknown)


def test_hydra_composes_once_for_each_choice_of_options(monkeypatch) -> None:
    # Each time it reads all its files, which takes a tenth of a second: a thousand jobs would take minutes to decide.
    calls = []
    node = module.node
    monkeypatch.setattr(module, "node", lambda *arguments: calls.append(1) or node(*arguments))
    jobs = expanded(
        ["optimizer=adam", "optimizer=lion"], [f"seed={k}" for k in range(20)], ["unfreeze=0", "unfreeze=5"]
    )
    assert (len(jobs), len(calls)) == (80, 2)


def test_globs_reach_the_files_of_a_groups_folders() -> None:
    with initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"):
        options = Nested(GlobalHydra.instance().hydra.config_loader).get_group_options("experiment")
    folder = CHECKOUT / "conf" / "experiment"
    assert sorted(options) == sorted(str(file.relative_to(folder).with_suffix("")) for file in folder.rglob("*.yaml"))
    assert Glob(["ablation/*"]).filter(options)[:2] == ["ablation/01_vgg19", "ablation/02_vgg19_lion"]
