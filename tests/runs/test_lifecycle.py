"""An interrupted run resumes: the same run in MLflow, each metric once, one model, nothing left behind."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path

import keras
import mlflow
import pytest
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from bloodcells.config.errors import InputError
from bloodcells.config.schema import TrainConfig
from bloodcells.provenance.fingerprint import fingerprint
from bloodcells.runs.checkpoint import claim, identity_of
from bloodcells.runs.lifecycle import tracked
from bloodcells.tracking.store import store_of
from bloodcells.training.epochs import DivergedError
from tests.conftest import composed
from tests.training.test_state import STATE

SEEDS = count()


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> Path:
    """One store for all these tests: MLflow takes a second to create one."""
    return tmp_path_factory.mktemp("store")


@dataclass
class Training:
    """The config of a run, and the folder of the store."""

    config: TrainConfig
    directory: Path

    def run(self, *steps) -> None:
        """Makes a run as one process does: calls each step with the run, or raises it if it is an error."""
        with tracked(self.config, fingerprint(self.config, "d" * 64), "cells.npz") as run:
            for step in steps:
                if isinstance(step, BaseException):
                    raise step
                step(run)

    def runs(self) -> list[Run]:
        seed = f"params.seed = '{self.config.seed}'"
        return mlflow.search_runs(search_all_experiments=True, filter_string=seed, output_format="list")

    def states(self) -> list[Path]:
        return list(Path(self.directory, "checkpoints").glob("*/state.npz"))


@pytest.fixture
def training(directory) -> Training:
    """One with a seed of its own, which no other test uses."""
    return Training(composed(f"tracking.directory={directory}", f"seed={next(SEEDS)}"), directory)


def epoch(number: int, **metrics: float):
    return lambda run: run.log_metrics({"loss": 1 / number, **metrics}, number)


def save_state(run) -> None:
    run.state.write(STATE)


def interrupted(training: Training, *steps, error: BaseException | None = None) -> Run:
    """The run in MLflow after `steps` and an error, by default that of Ctrl-C."""
    with pytest.raises(type(error or KeyboardInterrupt())):
        training.run(*steps, error or KeyboardInterrupt())
    return training.runs()[0]


def history(run: Run, metric: str) -> list[tuple[int, float]]:
    return [(entry.step, entry.value) for entry in mlflow.MlflowClient().get_metric_history(run.info.run_id, metric)]


def test_same_command_resumes_the_run_and_logs_it(training, caplog) -> None:
    with caplog.at_level("INFO", "bloodcells"):
        before = interrupted(training, save_state)
        assert before.info.status == "KILLED"
        assert caplog.messages[-1] == "interrupted: the same command resumes this run after epoch 2"
        interrupted(training)  # before the state is read
        assert caplog.messages[-1] == "interrupted: the same command resumes this run after epoch 2"
        training.run(lambda run: run.log_metrics({"stage": run.state.read().stage}))
    (after,) = training.runs()
    assert after.info.run_id == before.info.run_id
    assert f"resuming run {after.info.run_id}, which was interrupted" in caplog.messages
    assert (after.info.status, after.data.metrics["stage"]) == ("FINISHED", STATE.stage)
    assert training.states() == []
    training.run()  # a finished run is not resumed
    assert len(training.runs()) == 2


def test_run_without_a_state_resumes_from_the_first_epoch(training, caplog) -> None:
    with caplog.at_level("INFO", "bloodcells"):
        interrupted(training, epoch(1))
    assert caplog.messages[-1] == "interrupted: the same command resumes this run from the first epoch"
    training.run(lambda run: run.log_metrics({"state": float(run.state.read() is not None)}))
    (after,) = training.runs()
    assert after.data.metrics["state"] == 0


def test_resumed_run_logs_only_missing_metrics(training) -> None:
    interrupted(training, epoch(1), epoch(2, accuracy=0.5), lambda run: run.log_metrics({"final": 1.0}))
    again = [epoch(1), lambda run: run.log_metrics({"loss": 7.0, "accuracy": 0.6}, 2), epoch(3, accuracy=0.7)]
    training.run(*again, lambda run: run.log_metrics({"final": 2.0, "more": 3.0}))
    (run,) = training.runs()
    assert history(run, "loss") == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert history(run, "accuracy") == [(2, 0.5), (3, 0.7)]
    assert history(run, "final") == [(0, 1.0)]
    assert history(run, "more") == [(0, 3.0)]
    assert len(run.inputs.dataset_inputs) == 1


def test_run_resumes_after_an_error_and_loses_its_error_tag(training) -> None:
    failed = interrupted(training, save_state, error=InputError("disk full"))
    assert (failed.info.status, failed.data.tags["error"]) == ("FAILED", "InputError: disk full")
    training.run(lambda run: run.log_metrics({"stage": run.state.read().stage}))
    (run,) = training.runs()
    assert (run.info.status, run.data.tags.get("error")) == ("FINISHED", None)


def test_diverged_run_leaves_no_state(training) -> None:
    interrupted(training, save_state, error=DivergedError("the loss is nan"))
    assert training.states() == []
    training.run()
    assert [run.info.status for run in training.runs()] == ["FINISHED", "FAILED"]


def test_same_command_starts_a_second_run_while_the_first_is_alive(training, caplog) -> None:
    first, store = interrupted(training), store_of(training.config.tracking)
    identity = identity_of(training.config, store, fingerprint(training.config, "d" * 64))
    with claim(store, identity) as checkpoint:  # as a live process holds it
        assert checkpoint.name == first.data.tags["checkpoint"]
        with caplog.at_level("INFO", "bloodcells"):
            training.run()
        assert "the same run is already in progress in another process: this is an independent one" in caplog.messages
    assert len(training.runs()) == 2
    training.run()
    assert {run.info.status for run in training.runs()} == {"FINISHED"}
    assert len(training.runs()) == 2


def test_deleted_run_is_replaced_by_a_new_one_with_the_same_state(training) -> None:
    before = interrupted(training, epoch(1), save_state)
    mlflow.delete_run(before.info.run_id)
    training.run(epoch(1), lambda run: run.log_metrics({"stage": run.state.read().stage}))
    (after,) = training.runs()
    assert after.info.run_id != before.info.run_id
    assert (history(after, "loss"), after.data.metrics["stage"]) == ([(1, 1.0)], STATE.stage)


def test_run_killed_after_its_end_was_logged_ends_the_same_way_again(training, monkeypatch) -> None:
    def killed(self) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("bloodcells.runs.checkpoint.Checkpoint.remove", killed)
        with pytest.raises(KeyboardInterrupt):
            training.run(epoch(1))
    assert [run.info.status for run in training.runs()] == ["FINISHED"]
    training.run(epoch(1))
    (run,) = training.runs()
    assert (run.info.status, history(run, "loss")) == ("FINISHED", [(1, 1.0)])


def models(training: Training) -> list[tuple[str, str]]:
    (run,) = training.runs()
    models = mlflow.search_logged_models([run.info.experiment_id], output_format="list")
    return [(model.model_id, str(model.status)) for model in models if model.source_run_id == run.info.run_id]


def test_run_has_one_model_wherever_it_was_interrupted(training, monkeypatch) -> None:
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])

    def save_model(run) -> None:
        run.save_model(network, ("a", "b"))
        assert Path(run.locations()["model"]).is_file()

    def killed(*_, **__) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "log_model_artifacts", killed)
        interrupted(training, save_model)
        ((partial, status),) = models(training)
        assert status == "PENDING"
        interrupted(training, save_model)
        assert [model for model, _ in models(training)] != [partial]
    interrupted(training, save_model)  # after the model
    ((whole, status),) = models(training)
    assert status == "READY"
    training.run(save_model)
    assert models(training) == [(whole, "READY")]
    (run,) = training.runs()
    assert mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")


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
        run.save_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]), ("a", "b"))
        assert (run.id, run.state) == ("", None)
    assert list(tmp_path.iterdir()) == []


def test_study_label_step_and_follows_are_tags_and_not_params(directory) -> None:
    filed = ("study=a", "label=b", "step=3", "follows=2")
    training = Training(composed(f"tracking.directory={directory}", f"seed={next(SEEDS)}", *filed), directory)
    training.run()
    (run,) = training.runs()
    assert [run.data.tags[key] for key in ("study", "label", "step", "follows")] == ["a", "b", "3", "2"]
    assert not {"study", "label", "step", "follows"} & set(run.data.params)
