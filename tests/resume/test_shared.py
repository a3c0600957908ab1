"""A run that reuses phase 1 from another job of its sweep is bit-identical to the same run on its own."""

import signal
from functools import partial
from pathlib import Path

import mlflow
import psutil
import pytest
from mlflow.entities import Run

from bloodcells.config.schema import LocalTracking, RankBy
from bloodcells.model.backbones import SmallCNN
from bloodcells.runs.killed import close_killed
from bloodcells.runs.lifecycle import tracked
from bloodcells.runs.phase_1 import SweepJob
from bloodcells.runs.train import train
from bloodcells.tracking.store import store_of
from tests.conftest import TINY, composed
from tests.resume.process import Command, Moment, histories, outcome, until

TWO_EPOCHS = (*TINY, "training.feature_extraction.epochs=2", "augmentation=[flip_translate,mixup]")


def trained(directory: Path, overrides: tuple[str, ...], job: SweepJob | None = None) -> Run:
    config = composed(*TWO_EPOCHS, *overrides, f"tracking.directory={directory}")
    train(config, partial(tracked, sweep=job))
    return mlflow.search_runs(search_all_experiments=True, output_format="list")[0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("weights", [True, False])
def test_run_with_a_shared_phase_1_equals_the_run_alone_and_names_its_source(tmp_path, caplog, seed, weights) -> None:
    if weights:
        SmallCNN("smallcnn", None, None).build((32, 32, 3)).save_weights(tmp_path / "smallcnn.weights.h5")
    given = (f"seed={seed}", f"backbone.weights={tmp_path / 'smallcnn.weights.h5' if weights else 'null'}")
    deep = (*given, "unfreeze=all", "training.fine_tuning.epochs=2", "training.batch_norm=train")
    store = tmp_path / "mlruns"
    alone = trained(store, deep)
    first = trained(store, (*given, "unfreeze=4"), SweepJob("p", 0, "unfreeze=4", tmp_path / "shared"))
    caplog.clear()
    with caplog.at_level("INFO", "bloodcells"):
        second = trained(store, deep, SweepJob("p", 1, "unfreeze=all", tmp_path / "shared"))

    assert f"phase 1 is reused from run {first.info.run_id} of this sweep: 2 epochs" in caplog.messages
    assert "resuming after epoch 2 of at most 4" in caplog.messages
    assert outcome(second, store) == outcome(alone, store)
    assert len(outcome(second, store)["all_epochs/val_accuracy"]) == 4
    tags = second.data.tags
    assert tags["phase_1"] == first.info.run_id == first.data.tags["phase_1"]
    assert (tags["mlflow.parentRunId"], tags["sweep.job"]) == ("p", "1")
    assert f"phase 1 is reused from run {first.info.run_id}" in tags["mlflow.note.content"]
    assert "phase 1 is reused from" not in first.data.tags["mlflow.note.content"]
    # Its epochs count the seconds they took in the run that trained them.
    client = mlflow.MlflowClient()
    ours, theirs = (client.get_metric_history(run.info.run_id, "all_epochs/seconds") for run in (second, first))
    assert [row.value for row in ours[:2]] == [row.value for row in theirs[:2]]
    # Their points on a time axis are where they would be if this run had trained them.
    assert ours[1].timestamp - ours[0].timestamp >= 1000 * ours[1].value - 1
    assert second.data.metrics["training_seconds"] > sum(row.value for row in ours)
    assert not list((store / "checkpoints").glob("*/"))
    (left,) = (tmp_path / "shared").glob("*/*.npz")
    assert left.stem == first.info.run_id


@pytest.mark.slow
def test_waiting_job_trains_phase_1_if_the_job_that_trains_it_is_killed(tmp_path) -> None:
    stops = Moment("bloodcells.runs.phase_1.SharingFile.write", 1, signal.SIGSTOP)  # at the end of its first epoch
    dying, waiting = (
        Command(
            tmp_path / name, (*TWO_EPOCHS, "augmentation=none", f"unfreeze={depth}"), SweepJob("p", 0, "", tmp_path)
        )
        for name, depth in (("dying", 4), ("waiting", "all"))
    )
    waits = "waiting for phase 1, which another job of this sweep is training\n"
    first = dying.start(stops)
    try:
        until(lambda: psutil.Process(first.pid).status() == psutil.STATUS_STOPPED)
        second = waiting.start()
        until(lambda: waiting.directory.with_suffix(".out").exists() and waits in waiting.output("out"))
        store = store_of(
            LocalTracking("local", str(dying.directory), "bloodcells", tensorboard=False, rank_by=RankBy.composed)
        )
        assert [run.info.status for run in dying.runs()] == ["RUNNING"]
        assert close_killed(store) == []  # it is alive, though stopped
    finally:
        first.kill()
        first.join()
    assert close_killed(store) == [run.info.run_id for run in dying.runs()]
    assert [run.info.status for run in dying.runs()] == ["FAILED"]
    second.join()
    assert second.exitcode == 0, waiting.output("err")
    (trainer,) = waiting.runs()
    assert trainer.data.tags["phase_1"] == trainer.info.run_id
    assert "is reused from" not in waiting.output("out")

    assert dying.run() == 0, dying.output("err")
    (run,) = dying.runs()
    assert (run.info.status, run.data.tags["phase_1"]) == ("FINISHED", trainer.info.run_id)
    ours, theirs = histories(run, dying.directory), histories(trainer, waiting.directory)
    for metric in ("all_epochs/train_loss", "all_epochs/val_loss"):
        assert ours[metric][:2] == theirs[metric][:2]
        assert ours[metric][2] != theirs[metric][2]
