"""The registration of models: versions, and which becomes the champion."""

import logging
from types import SimpleNamespace

import mlflow
import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.register import _decide, register
from bloodcells.tracking.find import find_run
from tests.comparison.fill_store import MadeUp, Size, fill
from tests.conftest import config_of


@pytest.fixture
def registry(trained_run, caplog):
    """A function that registers a run of the store, and returns its version and the lines it logged."""
    caplog.set_level(logging.INFO, logger="bloodcells")
    where = f"tracking.directory={trained_run.folder}/mlruns"

    def run(*overrides: str) -> tuple[int, list[str]]:
        caplog.clear()
        version = register(config_of("register", where, *overrides))
        return version, caplog.messages[-1].strip().splitlines()

    return run


def test_the_first_version_is_the_champion_and_can_be_loaded_by_that_name(registry, trained_run) -> None:
    version, lines = registry("run_id=smallcnn", "name='größer 1'")
    assert version == 1
    assert lines[0].startswith(f"registered  größer 1, version 1: run {trained_run.run.id}")
    assert lines[1] == "champion    version 1: it is the first version"
    model = mlflow.pyfunc.load_model("models:/größer 1@champion")
    assert model.predict(np.zeros((2, 32, 32, 3), np.uint8)).shape == (2, 8)
    stored = mlflow.MlflowClient().get_model_version_by_alias("größer 1", "champion")
    assert stored.tags["test/accuracy"] == f"{trained_run.run.metrics['test/accuracy']:.3f}"
    assert "any numeric type (n, 32, 32, 3)" in stored.description
    assert stored.description.endswith("## Comparison\n\nit is the first version\n")


def test_a_registered_run_keeps_its_version(registry) -> None:
    assert registry("run_id=smallcnn", "name=again")[0] == 1
    version, lines = registry("run_id=smallcnn", "name=again")
    assert version == 1
    assert lines[1] == "champion    version 1: it is the version of this run"
    # The record of the first registration stays.
    assert mlflow.MlflowClient().get_model_version("again", "1").tags["comparison"] == "it is the first version"


def test_unknown_run_registers_nothing(registry) -> None:
    with pytest.raises(InputError, match="run_id=nothing: matches none"):
        registry("run_id=nothing", "name=unused")
    assert not mlflow.MlflowClient().search_registered_models("name = 'unused'")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A folder with artificial runs, and their ids by what they are."""
    folder = tmp_path_factory.mktemp("store")
    size = Size(images=2000, test=400, validation=10)
    runs = {
        "weak": MadeUp({"a": "1"}, skill=0.5), "strong": MadeUp({"a": "2"}, skill=2.0),
        "equal": MadeUp({"a": "3"}, skill=0.5), "other data": MadeUp({"a": "4"}, data="e" * 64),
        "other split": MadeUp({"a": "5"}, seed=1, skill=2.0),
    }  # fmt: skip
    ids = dict(zip(runs, fill(folder, runs.values(), size), strict=True))
    (ids["undistorted"],) = fill(folder, [MadeUp({"a": "6"})], Size(images=2000, test=400, validation=10, severities=0))
    return folder, ids


@pytest.fixture
def decide(store):
    """A function that decides whether a run becomes the champion in place of another one."""
    folder, ids = store

    def run(new: str, old: str, *overrides: str):
        config = config_of("register", "run_id=any", f"tracking.directory={folder}", *overrides)
        champion = SimpleNamespace(version="7", run_id=ids.get(old, "gone"))
        old_run = find_run(config.tracking, ids[old]) if old in ids else None
        return _decide(find_run(config.tracking, ids[new]), old_run, champion, config)

    return run


def test_significantly_better_run_becomes_the_champion(decide) -> None:
    decision = decide("strong", "weak")
    assert decision.promoted
    start = "it replaced version 7. The new version, by composed accuracy on 400 test images: better by "
    assert decision.reason.startswith(start)
    assert decision.reason.endswith("with one seed, training noise is unknown")


COMPARED = "it stays. The new version, by composed accuracy on 400 test images: "
NOT_COMPARED = "the new version cannot be compared with it, since "


@pytest.mark.parametrize(
    ("new", "old", "reason"),
    [
        ("weak", "strong", f"{COMPARED}worse by"),
        (
            "equal",
            "weak",
            f"{COMPARED}no significant difference",
        ),
        ("other data", "weak", f"{NOT_COMPARED}the two have different data"),
        (
            "undistorted",
            "weak",
            f"{NOT_COMPARED}one of them has no composed accuracy",
        ),
        ("strong", "deleted", f"{NOT_COMPARED}its run is no longer in the store"),
    ],
)
def test_champion_stays_and_force_replaces_it(decide, new, old, reason) -> None:
    decision = decide(new, old)
    assert not decision.promoted
    assert decision.reason.startswith(reason)
    assert decision.reason.endswith("; force=true replaces it")
    forced = decide(new, old, "force=true")
    assert forced.promoted
    assert forced.reason == "force=true replaced version 7 without a comparison"


def test_runs_with_other_splits_are_compared_on_the_images_that_both_tested(decide) -> None:
    images = [set(np.random.default_rng(seed).permutation(2000)[10:410]) for seed in (0, 1)]
    common = len(images[0] & images[1])
    assert 0 < common < 400
    assert f" on {common} test images: " in decide("other split", "weak").reason


def test_the_accuracy_that_ranks_decides(decide) -> None:
    assert "by clean accuracy on" in decide("strong", "weak", "tracking.rank_by=clean").reason
