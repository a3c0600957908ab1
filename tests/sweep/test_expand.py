"""A sweep's jobs: the configs that each would have alone, and its share of the cores."""

import sys
from itertools import product

import joblib
import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Glob
from hydra.types import RunMode
from omegaconf import OmegaConf

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.sweep import expand as module
from bloodcells.sweep.expand import Job, NestedOptions, check_single, check_swept, expand, swept, threads_per_job
from bloodcells.train import main
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
        (["augmentation=mixup", "augmentation=[extended,mixup]"], ["augmentation.mixup=null"], ["seed=1", "seed=2"]),
        (["schedule@training.fine_tuning.schedule=constant"], ["training.fine_tuning.learning_rate=1e-5"], ["seed=3"]),
        (["backbone=vgg19", "backbone=mobilenetv2"], ["backbone.weights=null", "backbone.weights=imagenet"]),
        (["study=null", "study=a"], ["++training.threads=2", "training.threads=3"]),
        (
            ["experiment=ablation/02_vgg19_lion"],
            ["data=npz"],
            ["data.path=a.npz", "data.path=b.npz"],
            ["step=3", "step=4"],
        ),
        (["training.batch_size=8", "training.batch_size=16"], ["label=a${seed}"], ["seed=1", "seed=2"]),
    ],
)
def test_each_job_has_the_config_of_a_single_run(overrides) -> None:
    jobs = expanded(*overrides)
    assert [job.number for job in jobs] == list(range(1, len(jobs) + 1))
    assert [job.overrides for job in jobs] == list(product(*overrides))
    for job in jobs:
        assert job.config == composed(*job.overrides)


def test_an_invalid_job_leaves_the_others_valid() -> None:
    good, negative, text, again = (
        job.config for job in expanded(["seed=4", "seed=-1", "seed=x", "seed=5"], ["unfreeze=0"])
    )
    assert (good.seed, again.seed) == (4, 5)
    assert isinstance(negative, InputError)
    assert str(negative).startswith("seed=-1: expected a number in")
    assert str(text) == "seed=x: expected an integer"


def test_experiment_that_is_a_sweep_is_not_a_single_run(monkeypatch, capfd) -> None:
    line = "experiment=backbones is a sweep over backbone and seed: expected --multirun, which runs all 9 jobs"
    monkeypatch.setattr(
        sys, "argv", ["train", "experiment=backbones", "hydra/job_logging=none", "hydra/hydra_logging=none"]
    )
    with pytest.raises(SystemExit):
        main()
    assert capfd.readouterr().err.startswith(f"error: {line}")
    whole, part, one = (
        job.config
        for job in expanded(["experiment=backbones"])
        + expanded(["experiment=backbones"], ["seed=0"])
        + expanded(["experiment=backbones"], ["seed=0"], ["backbone=smallcnn"])
    )
    assert str(whole).startswith(line)
    assert "over backbone: expected --multirun, which runs all 3 jobs" in str(part)
    assert one.backbone.name == "smallcnn"


def test_experiment_that_is_a_search_is_not_a_single_run() -> None:
    settings = OmegaConf.create({"sweeper": {"params": {"loss.gamma": "interval(0,4)", "unfreeze": "0,all"}}})
    with initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"):
        loader = GlobalHydra.instance().hydra.config_loader
        line = "experiment=x is a sweep over loss.gamma: expected --multirun hydra/sweeper=optuna, which searches, or"
        with pytest.raises(InputError, match=line):
            check_swept(loader, settings, ["experiment=x", "unfreeze=3"])
        check_swept(loader, settings, ["experiment=x", "unfreeze=3", "loss.gamma=1"])


def test_overrides_replace_what_an_experiment_sweeps() -> None:
    params = {"unfreeze": "0,all", "seed": "0,1,2"}
    assert swept(params, ["study=a"]) == ["unfreeze=0,all", "seed=0,1,2"]
    assert swept(params, ["seed=5", "++study=a"]) == ["unfreeze=0,all"]
    assert swept(params, ["++unfreeze=3", "seed=4,5"]) == []
    assert swept(None, ["seed=1"]) == []


def test_unknown_options_and_keys_raise_the_errors_of_a_single_run() -> None:
    wrong, none, right = (job.config for job in expanded(["backbone=vgg91", "backbone=null", "backbone=vgg19"]))
    assert str(wrong).startswith("backbone=vgg91: expected one of")
    assert str(none).startswith("backbone=null: expected one of")
    assert right.backbone.name == "vgg19"
    (unknown,) = (job.config for job in expanded(["sed=3"]))
    assert "did you mean seed?" in str(unknown)


def test_hydra_composes_once_per_combination_of_options(monkeypatch) -> None:
    # Composing reads all files and takes 0.1 s: a thousand jobs would take minutes.
    calls = []
    node = module.node
    monkeypatch.setattr(module, "node", lambda *arguments: calls.append(1) or node(*arguments))
    jobs = expanded(
        ["optimizer=adam", "optimizer=lion"], [f"seed={k}" for k in range(20)], ["unfreeze=0", "unfreeze=5"]
    )
    assert (len(jobs), len(calls)) == (80, 2)


def test_globs_match_files_in_subfolders_of_a_group() -> None:
    with initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"):
        options = NestedOptions(GlobalHydra.instance().hydra.config_loader).get_group_options("experiment")
    folder = CHECKOUT / "conf" / "experiment"
    assert sorted(options) == sorted(str(file.relative_to(folder).with_suffix("")) for file in folder.rglob("*.yaml"))
    assert Glob(["ablation/*"]).filter(options)[:2] == ["ablation/01_vgg19", "ablation/02_vgg19_lion"]


@pytest.mark.parametrize(
    ("launcher", "jobs", "expected"),
    [
        ({"n_jobs": -1}, 100, 1),
        ({"n_jobs": -1}, 3, 2),  # 8 cores, 3 jobs at once: 2 each, 2 unused
        ({"n_jobs": -1}, 1, 8),
        ({"n_jobs": 2}, 100, 4),
        ({"n_jobs": 2}, 1, 8),
        ({"n_jobs": 16}, 100, 1),  # more jobs at once than cores
        ({"n_jobs": -2}, 100, 1),  # joblib: all cores but one
        ({"num_cpus": 3}, 100, 3),
        ({"num_cpus": 0.5}, 100, 1),
        ({"cpus_per_task": 6}, 100, 6),
        ({"cpus_per_task": None}, 100, None),
        ({}, 100, None),
    ],
)
def test_each_job_gets_its_share_of_the_cores(monkeypatch, launcher: dict, jobs: int, expected: int | None) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    monkeypatch.setattr(joblib, "effective_n_jobs", lambda n_jobs: n_jobs if n_jobs > 0 else 8 + 1 + n_jobs)
    assert threads_per_job(OmegaConf.create({"_target_": "a.launcher", **launcher}), jobs) == expected


def test_threads_are_set_unless_the_user_sets_them() -> None:
    free, fixed, invalid = expanded(["seed=0"]) + expanded(["training.threads=3"]) + expanded(["seed=-1"])
    assert free.with_threads(2).overrides == ("seed=0", "training.threads=2")
    assert free.with_threads(None) is free
    assert fixed.with_threads(2) is fixed
    assert invalid.with_threads(2) is invalid


@pytest.mark.parametrize(
    "override", ["hydra/launcher=joblib", "hydra/sweeper=optuna", "hydra.launcher.n_jobs=2", "hydra.sweeper.trials=3"]
)
def test_settings_of_sweeps_are_refused_without_multirun(override) -> None:
    check_single(["hydra.sweep.dir=x", "hydra.mode=RUN"])
    with pytest.raises(InputError, match=f"^{override}: has an effect on sweeps only; expected --multirun with it$"):
        check_single(["hydra.mode=RUN", override])
