"""Searches that train: killed, pruned, in parallel."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bloodcells.runs.sweep_run import SweepJob
from bloodcells.sweep.process import start
from bloodcells.tracking.store import store_of
from tests.conftest import TINY, composed
from tests.resume.process import Moment, outcome
from tests.sweep.command import Sweep, started, wait_for_jobs

SEARCH = (
    "--multirun",
    *TINY,
    "training.fine_tuning.epochs=0",
    "hydra/sweeper=optuna",
    "loss.gamma=interval(0,3)",
    "hydra.sweeper.startup_trials=1",
)
TWO = (*SEARCH, "hydra.sweeper.trials=2")
IN_AN_EPOCH = Moment("bloodcells.training.progress.Progress.on_train_batch_end", 2, parent=True)


def test_a_killed_search_resumes_and_ends_like_an_undisturbed_one(tmp_path) -> None:
    undisturbed, killed = Sweep(tmp_path / "undisturbed", TWO), Sweep(tmp_path / "killed", TWO)
    assert undisturbed.run(undisturbed.served()) == 0, undisturbed.output("err")
    assert killed.run(killed.served({2: IN_AN_EPOCH})) == -9
    wait_for_jobs(killed)
    assert killed.statuses() == ["FINISHED", "KILLED"]
    assert killed.run(killed.served()) == 0, killed.output("err")
    assert killed.statuses() == ["FINISHED", "FINISHED"]
    for run, other in zip(killed.jobs(), undisturbed.jobs(), strict=True):
        assert run.data.params == other.data.params
        assert outcome(run, killed.directory) == outcome(other, undisturbed.directory)
    (parent,) = killed.sweeps()
    assert parent.info.status == "FINISHED"
    assert "trials  2: 1 done, 1 done before, in" in killed.output("out")


@dataclass(frozen=True)
class AfterEpoch:
    """A judge that prunes after this epoch."""

    last: int

    def __call__(self, epoch: int, metrics: dict[str, float]) -> bool:
        return epoch == self.last and metrics["all_epochs/val_composed_accuracy"] >= 0


def test_a_pruned_run_ends_after_its_epoch_and_is_not_an_error(tmp_path) -> None:
    store = Sweep(tmp_path / "mlruns", ())
    config = composed(*TINY, f"tracking.directory={store.directory}")
    store_of(config.tracking).open()
    job = SweepJob("parent", 1, "seed=0", tmp_path / "shared", "attempt", AfterEpoch(1))
    process, errors = start(config, job, tmp_path / "job.log")
    process.join()
    assert process.exitcode == 0
    with pytest.raises(EOFError):
        errors.recv()
    (run,) = store.jobs()
    assert (run.info.status, run.data.tags["pruned"]) == ("KILLED", "after epoch 1")
    assert run.data.tags["error"].startswith("PrunedError: after epoch 1: its learning curve is worse than")
    assert "best/epoch" not in run.data.metrics
    assert "pruned after epoch 1" in (tmp_path / "job.log").read_text()
    assert [path.name for path in Path(store.directory, "checkpoints").iterdir()] == [".lock"]


@pytest.mark.slow
def test_parallel_trials_are_those_of_batches_of_the_same_size(tmp_path) -> None:
    at_once = (*SEARCH, "hydra.sweeper.trials=3", "hydra.sweeper.pruner=none")
    parallel = Sweep(tmp_path / "parallel", (*at_once, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"))
    assert started(parallel).wait() == 0
    threads = f"training.threads={parallel.jobs()[0].data.params['training.threads']}"
    one_by_one = Sweep(tmp_path / "one", (*at_once, "hydra.sweeper.n_jobs=2", threads))
    assert one_by_one.run(one_by_one.served()) == 0, one_by_one.output("err")
    for run, other in zip(parallel.jobs(), one_by_one.jobs(), strict=True):
        assert run.data.params == other.data.params
        assert outcome(run, parallel.directory) == outcome(other, one_by_one.directory)
