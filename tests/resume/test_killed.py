"""A run that is killed or interrupted resumes and ends bit-identical to an undisturbed one, as one run in MLflow."""

import random
import signal
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from tests.conftest import TINY
from tests.resume.process import Command, Moment, histories, outcome

OVERRIDES = (*TINY, "augmentation=[flip_translate,mixup]")
IN_AN_EPOCH = Moment("bloodcells.training.progress.Progress.on_train_batch_end", 2)
IN_EPOCH_2 = replace(IN_AN_EPOCH, number=5)  # an epoch has three batches
WHILE_SAVING = Moment("os.fsync")
WHILE_SAVING_EPOCH_2 = replace(WHILE_SAVING, number=2)
BETWEEN_STAGES = Moment("bloodcells.training.fit._compiled", 2)
WHILE_SCORING = Moment("bloodcells.evaluation.score.predict")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Command:
    command = Command(tmp_path_factory.mktemp("undisturbed") / "mlruns", OVERRIDES)
    assert command.run() == 0, command.output("err")
    return command


def assert_same_end(command: Command, undisturbed: Command) -> None:
    (run,), (other,) = command.runs(), undisturbed.runs()
    assert run.info.status == "FINISHED"
    assert "error" not in run.data.tags
    assert outcome(run, command.directory) == outcome(other, undisturbed.directory)
    assert list(Path(command.directory, "checkpoints").iterdir()) == [Path(command.directory, "checkpoints", ".lock")]


def test_a_run_killed_while_saving_and_then_on_a_full_disk_resumes_and_ends_like_an_undisturbed_one(
    tmp_path, undisturbed
) -> None:
    command = Command(tmp_path / "mlruns", OVERRIDES)
    assert command.run(WHILE_SAVING_EPOCH_2) == -9, command.output("err")
    assert command.output("err") == ""
    (state,) = command.directory.glob("checkpoints/*/state.npz")
    content = state.read_bytes()

    assert command.run(largest_file=len(content) // 2) == 1
    (line,) = command.output("err").splitlines()
    assert line.startswith(
        f"error: {state.parent}: the state after epoch 2 cannot be saved (File too large); expected "
    )
    assert line.endswith("of free space: fix that and repeat the command, which resumes after epoch 1")
    assert state.read_bytes() == content
    (failed,) = command.runs()
    assert (failed.info.status, failed.data.tags["error"][:11]) == ("FAILED", "InputError:")

    assert command.run() == 0, command.output("err")
    assert command.output("out").count("resuming after epoch 1 of at most 2") == 2  # and not after epoch 2
    assert_same_end(command, undisturbed)


@pytest.mark.slow  # tests/sweep interrupts a sweep in `make test`
def test_interrupted_run_says_so_and_resumes(tmp_path, undisturbed) -> None:
    command = Command(tmp_path / "mlruns", OVERRIDES)
    assert command.run(replace(IN_EPOCH_2, sent=signal.SIGINT)) == 130
    assert command.output("out").splitlines()[-1] == "interrupted: the same command resumes this run after epoch 1"
    assert command.output("err") == "interrupted\n"
    (run,) = command.runs()
    assert (run.info.status, len(histories(run, command.directory)["all_epochs/val_accuracy"])) == ("KILLED", 1)

    assert command.run(replace(WHILE_SCORING, sent=signal.SIGTERM)) == 130
    assert command.output("out").splitlines()[-1] == "interrupted: the same command resumes this run after epoch 2"
    assert command.output("err") == "interrupted\n" * 2
    assert [run.info.status for run in command.runs()] == ["KILLED"]

    assert command.run() == 0, command.output("err")
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
    "half of the model": Moment("mlflow.MlflowClient.log_model_artifacts"),
    "while scoring": WHILE_SCORING,
    "half of the artifacts": Moment("mlflow.log_artifacts", 3),
    "at the very end": Moment("bloodcells.runs.checkpoint.Checkpoint.remove"),
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_run_killed_five_times_at_random_ends_like_an_undisturbed_one(tmp_path, seed) -> None:
    assert (
        Command(tmp_path / "first", OVERRIDES).run() == 0
    )  # otherwise the duration below would include the server's imports
    rng = random.Random(seed)
    overrides = (*OVERRIDES, *LONGER, f"seed={seed}")
    undisturbed = Command(tmp_path / "undisturbed", overrides)
    start = time.monotonic()
    assert undisturbed.run() == 0, undisturbed.output("err")
    duration = time.monotonic() - start
    kills = 0
    runs = count()
    while kills < 5:
        command = Command(tmp_path / f"killed{next(runs)}", overrides)
        while not command.finished():
            if kills % 2:
                status = command.run(seconds=rng.uniform(0, duration))
            else:
                part = rng.choice(list(PARTS.values()))
                status = command.run(replace(part, number=part.number + rng.randrange(3)))
            assert status in (0, -9), command.output("err")
            kills += not command.finished()
        assert_same_end(command, undisturbed)


@pytest.mark.slow
def test_two_processes_of_one_command_make_two_runs_and_resume_one_each(tmp_path, undisturbed) -> None:
    command = Command(tmp_path / "mlruns", OVERRIDES)
    both = [command.start() for _ in range(2)]
    while len(command.runs()) < 2 and any(process.is_alive() for process in both):
        time.sleep(0.1)
    for process in both:
        process.kill()
        process.join()
    assert [run.info.status for run in command.runs()] == ["RUNNING"] * 2, command.output("err")
    both = [command.start() for _ in range(2)]
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0], command.output("err")
    (expected,) = undisturbed.runs()
    expected = outcome(expected, undisturbed.directory)
    assert [outcome(run, command.directory) for run in command.runs()] == [expected] * 2
