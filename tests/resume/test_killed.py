"""Ended at any moment, by kill -9 or otherwise, the same command ends as the undisturbed run, and is one in MLflow."""

import random
import signal
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from tests.conftest import TINY
from tests.resume.process import Command, Moment, histories, outcome

OVERRIDES = (*TINY, "augmentation=randaugment")
IN_AN_EPOCH = Moment("bloodcells.training.progress.Progress.on_train_batch_end", 2)
WHILE_SAVING = Moment("os.fsync")
BETWEEN_STAGES = Moment("bloodcells.training.fit._compiled", 2)
WHILE_SCORING = Moment("bloodcells.evaluation.score.predict")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Command:
    command = Command(tmp_path_factory.mktemp("undisturbed") / "mlruns", OVERRIDES)
    assert command.give() == 0, command.told("err")
    return command


def assert_same_end(command: Command, undisturbed: Command) -> None:
    (run,), (other,) = command.runs(), undisturbed.runs()
    assert run.info.status == "FINISHED"
    assert "error" not in run.data.tags
    assert outcome(run, command.directory) == outcome(other, undisturbed.directory)
    assert list(Path(command.directory, "checkpoints").iterdir()) == [Path(command.directory, "checkpoints", ".lock")]


def test_killed_in_each_part_and_once_out_of_room_it_ends_as_undisturbed(tmp_path, undisturbed) -> None:
    command = Command(tmp_path / "mlruns", OVERRIDES)
    for moment in (IN_AN_EPOCH, WHILE_SAVING, BETWEEN_STAGES):
        assert command.give(moment) == -9, (moment, command.told("err"))
    assert command.told("err") == ""
    (state,) = command.directory.glob("checkpoints/*/state.npz")
    content = state.read_bytes()

    assert command.give(largest_file=len(content) // 2) == 1
    (line,) = command.told("err").splitlines()
    assert line.startswith(
        f"error: {state.parent}: the state after epoch 2 cannot be saved (File too large); expected "
    )
    assert line.endswith("of free space: fix that and repeat the command, which resumes after epoch 1")
    assert state.read_bytes() == content
    (failed,) = command.runs()
    assert (failed.info.status, failed.data.tags["error"][:11]) == ("FAILED", "InputError:")

    assert command.give(WHILE_SCORING) == -9
    assert command.give() == 0, command.told("err")
    assert command.told("out").count("resuming after epoch 1 of at most 2") == 2  # and not after epoch 2
    assert_same_end(command, undisturbed)


@pytest.mark.slow  # of a sweep's interrupt tests/sweep has one that is not
def test_interrupted_it_says_so_and_goes_on_likewise(tmp_path, undisturbed) -> None:
    command = Command(tmp_path / "mlruns", OVERRIDES)
    in_epoch_2 = replace(IN_AN_EPOCH, number=5, sent=signal.SIGINT)  # an epoch has three batches
    assert command.give(in_epoch_2) == 130
    assert command.told("out").splitlines()[-1] == "interrupted: the same command resumes this run after epoch 1"
    assert command.told("err") == "interrupted\n"
    (run,) = command.runs()
    assert (run.info.status, len(histories(run, command.directory)["val/accuracy"])) == ("KILLED", 1)

    assert command.give(replace(WHILE_SCORING, sent=signal.SIGTERM)) == 130
    assert command.told("out").splitlines()[-1] == "interrupted: the same command resumes this run after epoch 2"
    assert command.told("err") == "interrupted\n" * 2
    assert [run.info.status for run in command.runs()] == ["KILLED"]

    assert command.give() == 0, command.told("err")
    assert_same_end(command, undisturbed)


LONGER = (
    "data.images=300",
    "training.feature_extraction.epochs=3",
    "training.fine_tuning.epochs=4",
    "training.batch_size=16",
    "unfreeze=[4,all]",
)
PARTS = {
    "first epoch": IN_AN_EPOCH,
    "end of an epoch": Moment("bloodcells.training.early_stopping.EarlyStopping.on_epoch_end"),
    "while saving": WHILE_SAVING,
    "between stages": BETWEEN_STAGES,
    "half a model": Moment("mlflow.MlflowClient.log_model_artifacts"),
    "while scoring": WHILE_SCORING,
    "half of what is kept": Moment("mlflow.log_artifacts", 3),
    "at the very end": Moment("bloodcells.runs.checkpoint.Checkpoint.remove"),
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_five_times_or_more_at_random_it_ends_as_undisturbed(tmp_path, seed) -> None:
    assert Command(tmp_path / "first", OVERRIDES).give() == 0  # the server's imports are not to count below
    rng = random.Random(seed)
    overrides = (*OVERRIDES, *LONGER, f"seed={seed}")
    undisturbed = Command(tmp_path / "undisturbed", overrides)
    began = time.monotonic()
    assert undisturbed.give() == 0, undisturbed.told("err")
    took = time.monotonic() - began
    kills = 0
    runs = count()
    while kills < 5:
        command = Command(tmp_path / f"killed{next(runs)}", overrides)
        while not command.ended():
            if kills % 2:
                status = command.give(seconds=rng.uniform(0, took))
            else:
                part = rng.choice(list(PARTS.values()))
                status = command.give(replace(part, number=part.number + rng.randrange(3)))
            assert status in (0, -9), command.told("err")
            kills += not command.ended()
        assert_same_end(command, undisturbed)


@pytest.mark.slow
def test_the_same_command_given_twice_at_once_makes_two_runs_that_go_on_each_by_itself(tmp_path, undisturbed) -> None:
    command = Command(tmp_path / "mlruns", OVERRIDES)
    both = [command.start() for _ in range(2)]
    while len(command.runs()) < 2 and any(process.is_alive() for process in both):
        time.sleep(0.1)
    for process in both:
        process.kill()
        process.join()
    assert [run.info.status for run in command.runs()] == ["RUNNING"] * 2, command.told("err")
    both = [command.start() for _ in range(2)]
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0], command.told("err")
    (expected,) = undisturbed.runs()
    expected = outcome(expected, undisturbed.directory)
    assert [outcome(run, command.directory) for run in command.runs()] == [expected] * 2
