"""A run that was interrupted goes on: the same run in MLflow, each figure once, one model, nothing left behind."""

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
from bloodcells.runs.identity import identity_of
from bloodcells.runs.lifecycle import tracked
from bloodcells.runs.unfinished import claimed
from bloodcells.training.epochs import DivergedError
from tests.conftest import composed
from tests.training.test_state import STATE

SEEDS = count()


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> Path:
    """One store for all of these tests: MLflow takes a second to make one."""
    return tmp_path_factory.mktemp("store")


@dataclass
class Training:
    """A run's config, and the folder of the store."""

    config: TrainConfig
    directory: Path

    def run(self, *steps) -> None:
        """What a process of this config does: the steps are called with the run, errors raised."""
        with tracked(self.config, fingerprint(self.config, "d" * 64), "cells.npz") as run:
            for step in steps:
                if isinstance(step, BaseException):
                    raise step
                step(run)

    def found(self) -> list[Run]:
        seed = f"params.seed = '{self.config.seed}'"
        return mlflow.search_runs(search_all_experiments=True, filter_string=seed, output_format="list")

    def states(self) -> list[Path]:
        return list(Path(self.directory, "checkpoints").glob("*/state.npz"))


@pytest.fixture
def training(directory) -> Training:
    """One that no test before has begun."""
    return Training(composed(f"tracking.directory={directory}", f"seed={next(SEEDS)}"), directory)


def epoch(number: int, **metrics: float):
    return lambda run: run.score({"loss": 1 / number, **metrics}, number)


def keep_state(run) -> None:
    run.state.write(STATE)


def interrupted(training: Training, *steps, error: BaseException | None = None) -> Run:
    """The run in MLflow after `steps` and the error, Ctrl-C's as a rule."""
    with pytest.raises(type(error or KeyboardInterrupt())):
        training.run(*steps, error or KeyboardInterrupt())
    return training.found()[0]


def history(run: Run, metric: str) -> list[tuple[int, float]]:
    return [(entry.step, entry.value) for entry in mlflow.MlflowClient().get_metric_history(run.info.run_id, metric)]


def test_the_same_command_goes_on_with_the_run_and_says_so(training, caplog) -> None:
    with caplog.at_level("INFO", "bloodcells"):
        before = interrupted(training, keep_state)
        assert before.info.status == "KILLED"
        assert caplog.messages[-1] == "interrupted: the same command goes on with this run after epoch 2"
        interrupted(training)  # before it has read its state
        assert caplog.messages[-1] == "interrupted: the same command goes on with this run after epoch 2"
        training.run(lambda run: run.score({"stage": run.state.read().stage}))
    (after,) = training.found()
    assert after.info.run_id == before.info.run_id
    assert f"run {after.info.run_id} goes on, which was interrupted" in caplog.messages
    assert (after.info.status, after.data.metrics["stage"]) == ("FINISHED", STATE.stage)
    assert training.states() == []
    training.run()  # what is finished is not gone on with
    assert len(training.found()) == 2


def test_before_the_first_state_it_goes_on_from_the_first_epoch(training, caplog) -> None:
    with caplog.at_level("INFO", "bloodcells"):
        interrupted(training, epoch(1))
    assert caplog.messages[-1] == "interrupted: the same command goes on with this run from its first epoch"
    training.run(lambda run: run.score({"found": float(run.state.read() is not None)}))
    (after,) = training.found()
    assert after.data.metrics["found"] == 0


def test_what_was_logged_is_not_logged_again_and_what_is_missing_is(training) -> None:
    interrupted(training, epoch(1), epoch(2, accuracy=0.5), lambda run: run.score({"final": 1.0}))
    again = [epoch(1), lambda run: run.score({"loss": 7.0, "accuracy": 0.6}, 2), epoch(3, accuracy=0.7)]
    training.run(*again, lambda run: run.score({"final": 2.0, "more": 3.0}))
    (run,) = training.found()
    assert history(run, "loss") == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert history(run, "accuracy") == [(2, 0.5), (3, 0.7)]
    assert history(run, "final") == [(0, 1.0)]
    assert history(run, "more") == [(0, 3.0)]
    assert len(run.inputs.dataset_inputs) == 1


def test_an_error_does_not_end_it_for_good_and_its_tag_goes_with_it(training) -> None:
    failed = interrupted(training, keep_state, error=InputError("no room"))
    assert (failed.info.status, failed.data.tags["error"]) == ("FAILED", "InputError: no room")
    training.run(lambda run: run.score({"stage": run.state.read().stage}))
    (run,) = training.found()
    assert (run.info.status, run.data.tags.get("error")) == ("FINISHED", None)


def test_a_loss_that_was_no_number_leaves_nothing_to_go_on_from(training) -> None:
    interrupted(training, keep_state, error=DivergedError("the loss is nan"))
    assert training.states() == []
    training.run()
    assert [run.info.status for run in training.found()] == ["FINISHED", "FAILED"]


def test_beside_one_that_is_alive_the_same_command_begins_another_and_says_so(training, caplog) -> None:
    first = interrupted(training)
    identity = identity_of(training.config, training.config.tracking, fingerprint(training.config, "d" * 64))
    with claimed(training.config.tracking, identity) as place:  # as if it ran
        assert place.name == first.data.tags["checkpoint"]
        with caplog.at_level("INFO", "bloodcells"):
            training.run()
        assert "the same run is in progress, in another process: this is one more, by itself" in caplog.messages
    assert len(training.found()) == 2
    training.run()
    assert {run.info.status for run in training.found()} == {"FINISHED"}
    assert len(training.found()) == 2


def test_a_run_that_somebody_deleted_is_begun_anew_with_the_state_that_is_left(training) -> None:
    before = interrupted(training, epoch(1), keep_state)
    mlflow.delete_run(before.info.run_id)
    training.run(epoch(1), lambda run: run.score({"stage": run.state.read().stage}))
    (after,) = training.found()
    assert after.info.run_id != before.info.run_id
    assert (history(after, "loss"), after.data.metrics["stage"]) == ([(1, 1.0)], STATE.stage)


def test_killed_after_its_end_was_logged_it_comes_to_the_same_end_again(training, monkeypatch) -> None:
    def killed(self) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("bloodcells.runs.unfinished.Place.remove", killed)
        with pytest.raises(KeyboardInterrupt):
            training.run(epoch(1))
    assert [run.info.status for run in training.found()] == ["FINISHED"]
    training.run(epoch(1))
    (run,) = training.found()
    assert (run.info.status, history(run, "loss")) == ("FINISHED", [(1, 1.0)])


def models(training: Training) -> list[tuple[str, str]]:
    (run,) = training.found()
    found = mlflow.search_logged_models([run.info.experiment_id], output_format="list")
    return [(model.model_id, str(model.status)) for model in found if model.source_run_id == run.info.run_id]


def test_a_run_has_one_model_wherever_it_was_interrupted(training, monkeypatch) -> None:
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])

    def keep_model(run) -> None:
        run.keep_model(network, ("a", "b"))
        assert Path(run.where()["model"]).is_file()

    def killed(*_, **__) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "log_model_artifacts", killed)
        interrupted(training, keep_model)
        ((half, status),) = models(training)
        assert status == "PENDING"
        interrupted(training, keep_model)
        assert [model for model, _ in models(training)] != [half]
    interrupted(training, keep_model)  # behind it
    ((whole, status),) = models(training)
    assert status == "READY"
    training.run(keep_model)
    assert models(training) == [(whole, "READY")]
    (run,) = training.found()
    assert mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")


def failing(*_, **__) -> None:
    raise MlflowException("database or disk is full")


@pytest.mark.parametrize("call", ["start_run", "log_params", "end_run", "search_runs"])
def test_a_store_that_fails_at_either_end_is_one_line_and_the_same_command_mends_it(
    training, monkeypatch, call
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(mlflow, call, failing)
        with pytest.raises(InputError, match=r"tracking\.directory=.*\(database or disk is full\)") as error:
            training.run()
    assert "\n" not in str(error.value)
    mlflow.end_run("FAILED")  # as a process of its own would
    training.run()
    assert training.found()[0].info.status == "FINISHED"


def test_where_even_the_error_cannot_be_logged_it_is_the_error_that_is_told(training, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(mlflow, "set_tag", failing)
        patch.setattr(mlflow, "end_run", failing)
        with pytest.raises(InputError, match="no room for the state"):
            training.run(InputError("no room for the state"))
    mlflow.end_run("FAILED")


def test_without_tracking_no_state_is_kept() -> None:
    config = composed("tracking=off")
    with tracked(config, fingerprint(config, "d" * 64), "x") as run:
        assert run.state is None


def test_how_a_run_is_filed_is_in_its_tags_and_not_among_its_params(directory) -> None:
    filed = ("study=a", "label=b", "step=3", "follows=2")
    training = Training(composed(f"tracking.directory={directory}", f"seed={next(SEEDS)}", *filed), directory)
    training.run()
    (run,) = training.found()
    assert [run.data.tags[key] for key in ("study", "label", "step", "follows")] == ["a", "b", "3", "2"]
    assert not {"study", "label", "step", "follows"} & set(run.data.params)
