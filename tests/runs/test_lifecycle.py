"""An interrupted run resumes: the same run in MLflow, each metric once, one model, nothing left behind."""

from pathlib import Path

import keras
import mlflow
import numpy as np
import pytest
from mlflow.entities import Run

from bloodcells.config.errors import InputError
from bloodcells.provenance.fingerprint import fingerprint
from bloodcells.runs.checkpoint import claim, identity_of
from bloodcells.tracking.store import store_of
from bloodcells.tracking.stored_run import StoredRun
from bloodcells.training.epochs import DivergedError
from tests.runs.conftest import Training
from tests.training.test_state import STATE

EXAMPLES = np.zeros((1, 2, 2, 3), np.uint8)


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
        run.save_model(network, ("a", "b"), EXAMPLES)
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
    assert mlflow.pyfunc.load_model(StoredRun(run).model_uri)


def test_the_printed_line_loads_the_model_whatever_store_mlflow_points_at(training, tmp_path, monkeypatch) -> None:
    network, lines = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]), []

    def save_model(run) -> None:
        run.save_model(network, ("a", "b"), EXAMPLES)
        lines.append(run.locations()["load"])

    training.run(save_model)
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/another.db")
    assert eval(lines[0], {"mlflow": mlflow})
    assert list(tmp_path.glob("*.db")) == []


def test_variables_that_choose_a_run_an_experiment_or_a_model_do_not(training, tmp_path, monkeypatch) -> None:
    training.run(epoch(1))
    (finished,) = training.runs()
    model = mlflow.MlflowClient().create_logged_model(finished.info.experiment_id)
    other = mlflow.create_experiment("other")
    mlflow.set_active_model(model_id=model.model_id)  # as MLFLOW_ACTIVE_MODEL_ID does when a process starts
    monkeypatch.setenv("MLFLOW_RUN_ID", finished.info.run_id)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", other)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "other")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/another.db")
    training.run(epoch(1), epoch(2))
    new, same = training.runs()
    assert same.to_dictionary() == finished.to_dictionary()
    assert (new.info.experiment_id, new.data.metrics) == (finished.info.experiment_id, {"loss": 0.5})
    assert {"mlflow.user", "mlflow.source.type"} <= new.data.tags.keys()
    assert not mlflow.MlflowClient().get_logged_model(model.model_id).metrics
    assert not (tmp_path / "another.db").exists()


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_a_user_without_a_name_can_train(training, monkeypatch, error) -> None:
    def unnamed() -> str:
        raise error("uid not found")

    monkeypatch.setattr("getpass.getuser", unnamed)
    training.run(epoch(1))
    (run,) = training.runs()
    assert (run.info.status, "mlflow.user" in run.data.tags) == ("FINISHED", False)
