"""The config with which a run is repeated."""

import json

import mlflow
import pytest
import yaml

from bloodcells.config.errors import InputError
from bloodcells.config.typed import plain
from bloodcells.reproduction.conditions import recorded_config
from bloodcells.tracking.store import store_of
from bloodcells.tracking.stored_run import StoredRun
from tests.conftest import composed


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function that makes a run with a config, as text or dict, and a recorded number of threads."""
    store_of(composed(f"tracking.directory={tmp_path_factory.mktemp('store')}").tracking).open()

    def make(config, threads: int | None = 3) -> StoredRun:
        with mlflow.start_run(run_name="a", tags={"mlflow.source.git.commit": "0123456789"}) as made:
            mlflow.log_text(config if isinstance(config, str) else yaml.safe_dump(config), "config.yaml")
            mlflow.log_text(json.dumps({"cores": 4} | ({"threads": threads} if threads else {})), "environment.json")
        return StoredRun(made)

    return make


def test_config_is_the_runs_own_except_threads_and_tracking(run, tmp_path) -> None:
    own = composed("augmentation=[extended,mixup]", "optimizer=lion", "unfreeze=[4,all]", "seed=7", "study=x")
    here = composed(f"tracking.directory={tmp_path}").tracking
    config = recorded_config(run(plain(own)), here)
    assert (config.training.threads, config.tracking) == (3, here)
    config.training.threads, config.tracking = own.training.threads, own.tracking
    assert config == own


def test_threads_that_were_not_recorded_come_from_the_config(run) -> None:
    own = composed("training.threads=2")
    assert recorded_config(run(plain(own), None), own.tracking).training.threads == 2


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"depth": 3}, "Key 'depth' not in 'TrainConfig'"),
        ({"seed": "???"}, "seed"),
        ({"seed": -1}, "seed=-1: expected a number in"),
        ({"loss": {"name": "hinge"}}, "loss.name=hinge: expected one of"),
    ],
    ids=["unknown key", "missing key", "range", "option"],
)
def test_config_of_another_version_is_one_line_with_the_commit_to_check_out(run, change, part) -> None:
    config = plain(composed())
    with pytest.raises(InputError, match=r"run a \(.*\): its config.yaml does not match this version") as error:
        recorded_config(run(config | change), composed().tracking)
    assert part in str(error.value)
    assert "check out the commit that trained the run, 01234567" in str(error.value)
    assert "\n" not in str(error.value)


def test_unreadable_config_is_one_line(run) -> None:
    with pytest.raises(InputError, match=r"its config.yaml cannot be read"):
        recorded_config(run("a: ["), composed().tracking)
    with pytest.raises(InputError, match=r"its config.yaml does not match this version"):
        recorded_config(run("- a"), composed().tracking)
