"""Phase 1 shared in a sweep: which run trains it, which ones wait and reuse it, and what `fit` makes of it."""

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from threading import Thread

import mlflow
import pytest

from bloodcells.provenance.fingerprint import Fingerprint
from bloodcells.runs.checkpoint import Checkpoint
from bloodcells.runs.lifecycle import tracked
from bloodcells.runs.phase_1 import SharingFile
from bloodcells.runs.sweep_run import SweepJob
from bloodcells.tracking.store import store_of
from bloodcells.training.state import State
from tests.conftest import composed
from tests.resume.process import STUCK, until
from tests.training import test_resume
from tests.training.test_resume import same, trained, two_phases
from tests.training.test_state import STATE, arrays

FINGERPRINT = Fingerprint("d" * 64, "c" * 64, "e" * 64, "f" * 64, "none", "abc", False)
UNFINISHED = replace(STATE, stage=0, ended=False)
ENDED = replace(STATE, stage=0, ended=True)
small_backbone = test_resume.small_backbone


@pytest.fixture(autouse=True)
def logged(caplog, monkeypatch) -> Callable[[], list[str]]:
    """A function that returns the messages logged so far; nothing is written to MLflow."""
    monkeypatch.setattr(mlflow, "set_tag", lambda *_: None)
    caplog.set_level(logging.INFO, "bloodcells")
    return lambda: caplog.messages


@pytest.fixture
def job(tmp_path):
    """A function that returns the training state of the run `name`; all are of one sweep."""

    store = store_of(composed(f"tracking.directory={tmp_path}").tracking)

    def make(name: str, **identity: str) -> SharingFile:
        (tmp_path / name).mkdir(exist_ok=True)
        checkpoint = Checkpoint(store, tmp_path / name, {"run": name})
        return SharingFile(checkpoint, tmp_path / "shared", identity={"data": "d"} | identity, run_id=name)

    return make


def test_first_run_trains_it_and_shares_all_that_phase_2_needs(job, logged) -> None:
    first = job("first")
    first.take()
    assert first.read() is None
    first.write(UNFINISHED)
    first.write(ENDED)
    second = job("second")
    second.take()
    assert logged() == ["phase 1 is reused from run first of this sweep: 2 epochs"]
    state = second.read()
    assert arrays(state)[0] == arrays(ENDED)[0]
    assert arrays(state)[2] == arrays(ENDED)[2]
    assert (state.history, state.stage, state.ended, state.seconds) == (ENDED.history, 0, True, ENDED.seconds)
    second.write(STATE)
    again = job("second")  # resumed in phase 2
    again.take()
    assert again.read().stage == STATE.stage
    assert len(logged()) == 1


def test_complete_phase_1_replaces_an_incomplete_one(job, logged) -> None:
    interrupted, other = job("interrupted"), job("other")
    interrupted.take()
    interrupted.write(UNFINISHED)
    interrupted.release()
    other.take()
    other.write(ENDED)
    interrupted.take()
    assert interrupted.read().ended
    assert logged() == ["phase 1 is reused from run other of this sweep: 2 epochs"]


@pytest.mark.parametrize("last", [ENDED, None], ids=["ended", "interrupted"])
def test_run_waits_while_another_trains_it(job, logged, last: State | None) -> None:
    first, second = job("first"), job("second")
    first.take()
    first.write(UNFINISHED)
    thread = Thread(target=second.take, daemon=True)
    thread.start()
    until(lambda: logged() == ["waiting for phase 1, which another job of this sweep is training"])
    if last:
        first.write(last)
    else:
        first.release()
    thread.join(STUCK)
    assert (second.read() is not None) == bool(last)


def test_unreadable_file_is_trained_again_and_another_phase_1_is_not_reused(job, logged, tmp_path) -> None:
    first = job("first")
    first.take()
    first.write(ENDED)
    left = tmp_path / "shared" / "first.npz"
    left.write_bytes(left.read_bytes()[:-100])
    second = job("second")
    second.take()
    assert second.read() is None
    (line,) = logged()
    assert line.startswith("phase 1 of run first cannot be reused (")
    second.write(ENDED)
    third = job("third")
    third.take()
    assert third.read().ended
    other = job("other", data="another")
    other.take()
    assert other.read() is None


def test_run_continues_if_it_cannot_share(job, logged, tmp_path) -> None:
    first = job("first")
    first.take()
    shutil.rmtree(tmp_path / "shared")
    first.write(ENDED)
    assert first.read().ended
    (line,) = logged()
    assert line.startswith("phase 1 is not shared with the sweep's other jobs ([Errno 2]")


PHASES = {"random weights": "backbone.weights=null", "frozen": "backbone.weights=file.h5"}


@pytest.mark.parametrize(
    ("seed", "weights"),
    [
        (0, "random weights"),
        (1, "frozen"),
        pytest.param(1, "random weights", marks=pytest.mark.slow),
        pytest.param(0, "frozen", marks=pytest.mark.slow),
    ],
)
def test_phase_2_after_a_shared_phase_1_is_bit_identical(job, small_backbone, seed, weights) -> None:
    shallow = [*two_phases("adamw", "plateau"), f"seed={seed}", PHASES[weights], "unfreeze=1"]
    deep = [*shallow, "unfreeze=all", "training.batch_norm=train", "training.fine_tuning.learning_rate=1e-2"]
    alone = trained(deep, None, seed)
    first, second = job("first"), job("second")
    first.take()
    assert not same(trained(shallow, first, seed), alone)
    second.take()
    assert second.epochs == 3
    assert same(trained(deep, second, seed + 7), alone)  # built with another seed: everything comes from the file


@pytest.mark.parametrize(
    ("override", "messages"),
    [
        ("training.feature_extraction.epochs=0", []),
        (
            "augmentation=randaugment_kerascv",
            [
                "phase 1 is not shared with the sweep's other jobs: augmentation.randaugment_kerascv: the step has "
                "random state, so repeated runs differ"
            ],
        ),
    ],
)
def test_empty_or_irreproducible_phase_1_is_not_shared(tmp_path, logged, override, messages) -> None:
    config = composed(f"tracking.directory={tmp_path}", override)
    for number in range(2):
        with tracked(
            config, FINGERPRINT, "cells.npz", sweep=SweepJob("p", number, "seed=0", tmp_path / "shared")
        ) as run:
            run.state.write(ENDED)
    assert logged() == messages * 2
    assert not (tmp_path / "shared").exists()


def test_run_resumed_by_another_sweep_belongs_to_that_sweep(tmp_path) -> None:
    config = composed(f"tracking.directory={tmp_path}")
    ids = []

    def interrupted(job: SweepJob) -> None:
        with tracked(config, FINGERPRINT, "cells.npz", sweep=job) as run:
            ids.append(run.id)
            raise KeyboardInterrupt

    for job in (SweepJob("a", 3, "seed=0", tmp_path / "a"), SweepJob("b", 5, "seed=0", tmp_path / "b")):
        with pytest.raises(KeyboardInterrupt):
            interrupted(job)
    assert len(set(ids)) == 1
    tags = mlflow.get_run(ids[0]).data.tags
    assert (tags["mlflow.parentRunId"], tags["sweep.job"]) == ("b", "5")
