"""The Ray launcher: a lost job fails alone; a missing cluster or package is one clear error."""

import importlib.util
import os
import signal
import sys

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.core.utils import JobStatus
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.command import register_plugin
from bloodcells.config.errors import InputError
from bloodcells.sweep.ray import RayLauncher

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra ray")
SETTINGS = OmegaConf.to_container(OmegaConf.load(CHECKOUT / "conf/hydra/launcher/ray.yaml"))


@needs_ray
def test_conf_gives_the_launcher_all_its_arguments() -> None:
    register_plugin(RayLauncher)
    launcher = Plugins.instance()._instantiate(OmegaConf.create(SETTINGS))
    assert isinstance(launcher, RayLauncher)
    assert launcher.resources == {"num_cpus": 1, "num_gpus": 0, "max_retries": 3}


@needs_ray
def test_a_cluster_that_does_not_answer_is_reported(monkeypatch) -> None:
    import ray

    monkeypatch.setattr(ray, "init", lambda **_: pytest.fail("Ray would wait for the cluster forever"))
    launcher = RayLauncher("127.0.0.1:1", num_cpus=1, num_gpus=0, max_retries=0)
    with pytest.raises(InputError, match=r"hydra.launcher.address=127.0.0.1:1: no Ray cluster responds \(.*refused"):
        launcher.launch([["seed=0"]], 0)


def test_a_missing_extra_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"install the extra: pip install '\.\[ray\]'"):
        RayLauncher(None, num_cpus=1, num_gpus=0, max_retries=0).launch([["seed=0"]], 0)


def task(config: DictConfig) -> tuple[int, str]:
    """Runs on a worker: seed 1 raises, seed 2 kills its process."""
    if config.seed == 1:
        raise ValueError("seed 1")
    if config.seed == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return config.seed, os.getcwd()


@needs_ray
@pytest.mark.slow
def test_raising_and_lost_jobs_fail_alone(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    register_plugin(RayLauncher)
    settings = [
        "hydra/launcher=ray",
        "hydra.launcher.max_retries=0",
        f"hydra.sweep.dir={tmp_path}",
        "hydra.mode=MULTIRUN",
    ]
    with initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"):
        config = compose("train", settings, return_hydra_config=True)
        context = HydraContext(GlobalHydra.instance().config_loader(), Callbacks())
        launcher = Plugins.instance().instantiate_launcher(hydra_context=context, task_function=task, config=config)
        raised, lost, *others = launcher.launch([[f"seed={seed}"] for seed in (1, 2, 3, 4)], 0)
    assert [other.return_value for other in others] == [(3, str(tmp_path)), (4, str(tmp_path))]
    assert (raised.status, lost.status) == (JobStatus.FAILED, JobStatus.FAILED)
    with pytest.raises(ValueError, match="seed 1"):
        _ = raised.return_value
    assert lost.overrides == ["seed=2"]
