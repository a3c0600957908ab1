"""Sweeps that are killed, and sweeps whose jobs fail: resumed, they end like undisturbed ones."""

import random
import signal
import time
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from bloodcells.data.synthetic import draw_cells
from tests.conftest import SHORT, TINY
from tests.resume.process import Command, Moment, outcome
from tests.sweep.command import Sweep, started, wait_for_jobs

GRID = ("--multirun", *TINY, "study=depth", "unfreeze=0,all")
IN_AN_EPOCH = Moment("bloodcells.training.progress.Progress.on_train_batch_end", 2)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Sweep:
    sweep = Sweep(tmp_path_factory.mktemp("undisturbed") / "mlruns", GRID)
    assert sweep.run(sweep.served()) == 0, sweep.output("err")
    return sweep


def assert_same_end(sweep: Sweep, undisturbed: Sweep) -> None:
    (parent,) = sweep.sweeps()
    assert parent.info.status == "FINISHED"
    finished = [run for run in sweep.jobs() if run.info.status == "FINISHED"]
    for run, other in zip(finished, undisturbed.jobs(), strict=True):
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert "error" not in {**run.data.tags, **parent.data.tags}
        assert outcome(run, sweep.directory) == outcome(other, undisturbed.directory)
    # A job that was killed before it had a run gets one that records the kill and nothing else.
    others = [run for run in sweep.jobs() if run.info.status != "FINISHED"]
    assert [(run.info.status, run.data.params, run.data.metrics) for run in others] == [("FAILED", {}, {})] * len(
        others
    )
    assert all(run.data.tags["error"].startswith("killed") for run in others)
    assert len(sweep.runs()) == 3 + len(others)
    assert [path.name for path in Path(sweep.directory, "checkpoints").iterdir()] == [".lock"]


def test_each_job_equals_the_same_run_alone(tmp_path, undisturbed) -> None:
    output = undisturbed.output("out")
    assert output.count("phase 1 is reused from run") == 1
    assert [line for line in output.splitlines() if line.startswith("job ")] == [
        f"job {number} of 2: unfreeze={depth}" for number, depth in enumerate(["0", "all"], start=1)
    ]
    assert "jobs    2: 2 done, in" in output
    store = f"tracking.directory={undisturbed.directory}"
    assert output.splitlines()[-1] == f"next    python -m bloodcells.report study=depth {store}"
    (parent,) = undisturbed.sweeps()
    assert parent.info.run_name == "sweep unfreeze=0,all"
    assert parent.data.metrics == {"jobs/done": 2, "jobs/done_before": 0, "jobs/failed": 0}
    last = undisturbed.jobs()[1]
    assert last.data.params["unfreeze"] == "all"

    alone = Command(tmp_path / "mlruns", (*TINY, "unfreeze=all"))
    assert alone.run() == 0, alone.output("err")
    (run,) = alone.runs()
    assert outcome(run, alone.directory) == outcome(last, undisturbed.directory)


def test_finished_jobs_are_skipped(undisturbed) -> None:
    before = [run.info.run_id for run in undisturbed.runs()]
    assert undisturbed.run(undisturbed.served()) == 0, undisturbed.output("err")
    assert "all 2 jobs are done already; sweep.rerun=true runs them again" in undisturbed.output("out")
    assert [run.info.run_id for run in undisturbed.runs()] == before

    done = undisturbed.jobs()[0].info.run_id
    other = Sweep(undisturbed.directory, ("--multirun", *TINY, "study=depth", "unfreeze=0,blok"))
    try:
        assert other.run(other.served()) == 1
        assert f"job 1 of 2 is done already, run {done}: unfreeze=0" in other.output("out")
        assert "jobs    2: 1 done before, 1 failed" in other.output("out")
    finally:
        for run in other.runs():
            if run.info.run_id not in before:
                mlflow.delete_run(run.info.run_id)


def test_a_killed_sweep_resumes(tmp_path, undisturbed) -> None:
    sweep = Sweep(tmp_path / "mlruns", GRID)
    kill = replace(IN_AN_EPOCH, parent=True)
    assert sweep.run(sweep.served({2: kill})) == -9, sweep.output("err")
    wait_for_jobs(sweep)
    assert sweep.statuses() == ["FINISHED", "KILLED"]  # the job has noticed, and has closed its run
    assert sweep.run(sweep.served()) == 0, sweep.output("err")
    assert_same_end(sweep, undisturbed)


@pytest.mark.slow
def test_a_sweep_killed_twenty_times_at_random_ends_like_an_undisturbed_one(tmp_path, undisturbed) -> None:
    rng, kills = random.Random(0), 0
    for attempt in range(100):
        sweep = Sweep(tmp_path / f"mlruns{attempt}", GRID)
        status = -9
        while status:
            kills_of_jobs = {number: rng.uniform(0, 4) for number in (1, 2) if rng.random() < 0.2}
            status = sweep.run(sweep.served(kills_of_jobs), seconds=rng.uniform(1, 25))
            wait_for_jobs(sweep)
            assert status in (0, 1, -9), sweep.output("err")
            kills += status == -9
        assert_same_end(sweep, undisturbed)
        if kills >= 20:
            return


def test_failed_and_killed_jobs_are_recorded_and_the_others_run(tmp_path) -> None:
    rates = "training.feature_extraction.learning_rate=1e30,1e-5,1e-6,-1"
    short = (*TINY, "optimizer=adamw", "training.fine_tuning.epochs=0")
    sweep = Sweep(tmp_path / "mlruns", ("--multirun", *short, rates))
    assert sweep.run(sweep.served({3: Moment("bloodcells.runs.train.clean")})) == 1
    assert sweep.statuses() == ["FAILED", "FINISHED", "FAILED", "FAILED"]
    errors = [run.data.tags.get("error", "") for run in sweep.jobs()]
    assert errors[0].startswith("DivergedError: the loss is ")
    assert errors[2].startswith("killed")
    assert errors[3].startswith("training.feature_extraction.learning_rate=-1.0: expected a number in (0, inf)")
    output = sweep.output("out")
    assert f"job 4 of 4, training.feature_extraction.learning_rate=-1, cannot run: {errors[3]}" in output
    assert "jobs    4: 1 done, 3 failed, in" in output
    finished = next(run for run in sweep.jobs() if run.info.status == "FINISHED")
    accuracy = f"{finished.data.metrics['test/accuracy']:.3f}"
    assert "ranked  clean accuracy, mean over seeds with 95% interval\n" in output
    assert f"\n        {accuracy} (" in output
    name = "training.feature_extraction.learning_rate=1e-05"
    assert f"best    {accuracy}: run {finished.info.run_id}, job 2, {name}" in output
    assert f"failed  job 1, training.feature_extraction.learning_rate=1e+30: {errors[0]}" in output
    assert "the same command runs only the failed jobs: python -m bloodcells.train --multirun training" in output
    (parent,) = sweep.sweeps()
    assert parent.info.status == "FAILED"
    assert f"| backbone=smallcnn (best) | 0 | {accuracy} (" in parent.data.tags["mlflow.note.content"]
    table = pd.read_csv(Path(parent.info.artifact_uri.removeprefix("file://"), "jobs.csv"))
    assert list(table["result"]) == ["failed", "done", "failed", "failed"]

    assert sweep.run(sweep.served()) == 1
    # A job that had no state to resume from gets a second run.
    newest = {
        run.data.tags["sweep.job"]: run.info.status for run in reversed(sweep.runs()) if "sweep.job" in run.data.tags
    }
    assert newest == {"1": "FAILED", "2": "FINISHED", "3": "FINISHED", "4": "FAILED"}
    assert sweep.statuses().count("FINISHED") == 2
    assert "jobs    4: 1 done, 1 done before, 2 failed" in sweep.output("out")
    (parent,) = sweep.sweeps()
    assert parent.data.metrics == {"jobs/done": 1, "jobs/done_before": 1, "jobs/failed": 2}


def test_an_interrupted_sweep_leaves_nothing_running(tmp_path) -> None:
    sweep = Sweep(tmp_path / "mlruns", GRID)
    interrupt = replace(IN_AN_EPOCH, sent=signal.SIGTERM, parent=True)
    assert sweep.run(sweep.served({1: interrupt})) == 130
    assert sweep.output("err") == "interrupted\n"
    assert sweep.statuses() == ["KILLED"]
    assert [run.info.status for run in sweep.sweeps()] == ["KILLED"]


@pytest.mark.slow
def test_two_sweeps_share_a_fresh_store_and_a_job(tmp_path) -> None:
    sweeps = [Sweep(tmp_path / "mlruns", ("--multirun", *TINY, f"unfreeze={depth},all", "seed=0")) for depth in (0, 4)]
    processes = [sweep.start(sweep.served()) for sweep in sweeps]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0], sweeps[0].output("err")
    # The job that both need runs once.
    assert sweeps[0].statuses() == ["FINISHED"] * 3
    assert sorted(run.data.params["unfreeze"] for run in sweeps[0].jobs()) == ["0", "4", "all"]
    assert "1 done, 1 done before" in sweeps[0].output("out")
    assert [run.info.status for run in sweeps[0].sweeps()] == ["FINISHED"] * 2


def test_sweeps_without_a_job_that_can_run_are_refused(tmp_path) -> None:
    nothing = Sweep(tmp_path / "a", ("--multirun", *TINY, "experiment=glob(zzz/*)"))
    assert nothing.run(nothing.served()) == 1
    assert "no job to run; expected one or more" in nothing.output("err")
    wrong = Sweep(tmp_path / "b", ("--multirun", *TINY, "unfreeze=blok,bluk"))
    assert wrong.run(wrong.served()) == 1
    assert wrong.output("err").startswith("error: unfreeze=blok: smallcnn has the blocks")
    assert wrong.runs() == []
    interval = Sweep(tmp_path / "c", ("--multirun", *TINY, "loss.gamma=interval(0,1)"))
    assert interval.run(interval.served()) == 1
    assert interval.output("err").startswith("error: loss.gamma=interval(0,1): expected choices or a range; intervals")


@pytest.mark.slow
def test_a_finished_job_stays_finished_while_its_data_are_missing(tmp_path) -> None:
    archive = tmp_path / "cells.npz"
    cells = draw_cells(200, 32, 0)
    np.savez(archive, images=cells.pixels, labels=cells.labels)
    rates = "training.fine_tuning.learning_rate=1e-5,-1"
    sweep = Sweep(tmp_path / "mlruns", ("--multirun", *SHORT, "data=npz", f"data.path={archive}", rates))
    assert sweep.run(sweep.served()) == 1
    archive.rename(tmp_path / "away.npz")
    assert sweep.run(sweep.served()) == 1
    assert f"data.path={archive}: no such file" in sweep.output("err")
    assert sweep.statuses() == ["FINISHED", "FAILED"]


def test_a_launcher_error_fails_its_jobs(tmp_path) -> None:
    broken = ("hydra/launcher=joblib", "hydra.launcher.batch_size=no_number")
    sweep = Sweep(tmp_path / "mlruns", ("--multirun", *TINY, "seed=0,1", *broken))
    assert sweep.run(sweep.served()) == 1
    assert "jobs    2: 2 failed" in sweep.output("out")
    assert "lost, result unknown: " in sweep.output("out")
    assert sweep.statuses() == ["FAILED"] * 2


PARALLEL = ("--multirun", *TINY, "seed=0,1", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


@pytest.mark.slow
def test_parallel_jobs_equal_single_runs_on_as_many_threads(tmp_path) -> None:
    sweep = Sweep(tmp_path / "mlruns", PARALLEL)
    assert started(sweep).wait() == 0
    assert sweep.statuses() == ["FINISHED"] * 2
    one = sweep.jobs()[1]
    alone = Command(tmp_path / "alone", (*TINY, "seed=1", f"training.threads={one.data.params['training.threads']}"))
    assert alone.run() == 0, alone.output("err")
    assert outcome(one, sweep.directory) == outcome(alone.runs()[0], alone.directory)


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_parallel_jobs_end_with_the_sweep(tmp_path, sent, status) -> None:
    sweep = Sweep(tmp_path / "mlruns", (*PARALLEL, "training.fine_tuning.epochs=1000"))
    process = started(sweep)
    while len(sweep.statuses()) < 2:
        time.sleep(0.2)
    process.send_signal(sent)
    assert process.wait() == status
    wait_for_jobs(sweep)
    if sent == signal.SIGTERM:
        assert "RUNNING" not in sweep.statuses()
