"""A store that fails at the start or end of a run, runs without a store, and how a run is filed."""

from dataclasses import replace

import keras
import mlflow
import numpy as np
import pytest
from mlflow.exceptions import MlflowException

from bloodcells.config.errors import InputError
from bloodcells.provenance.fingerprint import fingerprint
from bloodcells.runs.lifecycle import tracked
from tests.conftest import composed


def failing(*_, **__) -> None:
    raise MlflowException("database or disk is full")


@pytest.mark.parametrize("call", ["start_run", "log_params", "end_run", "search_runs"])
def test_store_failure_at_start_or_end_is_one_line_and_the_same_command_recovers(training, monkeypatch, call) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(mlflow, call, failing)
        with pytest.raises(InputError, match=r"tracking\.directory=.*\(database or disk is full\)") as error:
            training.run()
    assert "\n" not in str(error.value)
    mlflow.end_run("FAILED")  # as the end of the process would
    training.run()
    assert training.runs()[0].info.status == "FINISHED"


def test_original_error_is_raised_if_it_cannot_be_logged(training, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(mlflow, "set_tag", failing)
        patch.setattr(mlflow, "end_run", failing)
        with pytest.raises(InputError, match="disk full"):
            training.run(InputError("disk full"))
    mlflow.end_run("FAILED")


def test_nothing_is_stored_without_tracking(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for call in ("set_tracking_uri", "start_run", "log_metrics", "log_artifacts"):
        monkeypatch.setattr(mlflow, call, failing)
    config = composed("tracking=off")
    with tracked(config, fingerprint(config, "d" * 64), "cells.npz") as run:
        run.describe("a run")
        run.log_metrics({"loss": 1.0}, 1)
        run.save({"a.txt": "text"})
        network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        run.save_model(network, ("a", "b"), np.zeros((1, 2, 2, 3), np.uint8))
        assert (run.id, run.state) == ("", None)
    assert list(tmp_path.iterdir()) == []


def test_study_label_step_and_follows_are_tags_and_not_params(training) -> None:
    training.config = replace(training.config, study="a", label="b", step=3, follows=2)
    training.run()
    (run,) = training.runs()
    assert [run.data.tags[key] for key in ("study", "label", "step", "follows")] == ["a", "b", "3", "2"]
    assert not {"study", "label", "step", "follows"} & set(run.data.params)
