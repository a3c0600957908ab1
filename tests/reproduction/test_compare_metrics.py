"""Comparison of metrics, in a store of artificial runs."""

import mlflow
import pytest
from mlflow.entities import Metric

from bloodcells.reproduction.compare import compare_metrics
from bloodcells.tracking.store import store_of
from bloodcells.tracking.stored_run import StoredRun
from tests.conftest import composed

LOGGED = {
    ("all_epochs/train_loss", 1): 0.7,
    ("all_epochs/train_loss", 2): 0.5,
    ("all_epochs/val_loss", 1): 0.9,
    ("all_epochs/val_loss", 2): 0.6,
    ("all_epochs/seconds", 1): 4.0,
    ("test/accuracy", 0): 0.75,
    ("training_seconds", 0): 10.0,
    ("test_time_augmentation/times_slower", 0): 8.0,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function that makes a run with these metrics, by name and epoch, or 0 for the whole run."""
    store_of(composed(f"tracking.directory={tmp_path_factory.mktemp('store')}").tracking).open()
    client = mlflow.MlflowClient()
    (experiment,) = client.search_experiments(filter_string="name = 'bloodcells'")

    def make(logged) -> StoredRun:
        made = client.create_run(experiment.experiment_id).info.run_id
        client.log_batch(made, [Metric(name, value, 0, step) for (name, step), value in logged.items()])
        return StoredRun(client.get_run(made))

    return make


def test_durations_and_metrics_of_the_comparison_itself_are_ignored(run) -> None:
    other = LOGGED | {("all_epochs/seconds", 1): 5.0, ("training_seconds", 0): 1.0, ("reproduction/equal", 0): 1.0}
    other |= {("test_time_augmentation/times_slower", 0): 7.5}
    result = compare_metrics(run(LOGGED), run(other))
    assert (result.equal, result.compared) == (True, 5)


def test_every_epoch_is_compared_and_mismatches_are_in_order(run) -> None:
    other = LOGGED | {
        ("test/accuracy", 0): 0.5,
        ("all_epochs/train_loss", 2): 0.5 + 2**-53,
        ("all_epochs/val_loss", 1): 0.9 + 0.125,
    }
    result = compare_metrics(run(LOGGED), run(other))
    assert [(d.what, d.step, d.original) for d in result.mismatches] == [
        ("all_epochs/val_loss", 1, 0.9),
        ("all_epochs/train_loss", 2, 0.5),
        ("test/accuracy", None, 0.75),
    ]
    assert [d.difference for d in result.mismatches] == [pytest.approx(0.125), 2**-53, 0.25]
    assert (result.compared, result.differing) == (5, 3)
    assert result.describe() == "3 of 5 differ, by up to 0.25 (test/accuracy), first all_epochs/val_loss of epoch 1"


def test_epoch_missing_from_one_run_is_a_mismatch(run) -> None:
    short, long = run(LOGGED), run(LOGGED | {("all_epochs/val_loss", 3): 0.5, ("all_epochs/train_loss", 3): 0.25})
    for first, second, there in ((short, long, "repeat"), (long, short, "original")):
        result = compare_metrics(first, second)
        assert [(d.what, d.step, d.difference) for d in result.mismatches] == [
            ("all_epochs/train_loss", 3, None),
            ("all_epochs/val_loss", 3, None),
        ]
        assert [getattr(d, there) for d in result.mismatches] == [0.25, 0.5]
        assert (result.compared, result.differing) == (7, 2)


def test_nan_equals_nan(run) -> None:
    both = LOGGED | {("test/roc_auc", 0): float("nan")}
    assert compare_metrics(run(both), run(both)).equal
    (mismatch,) = compare_metrics(run(both), run(both | {("test/roc_auc", 0): 0.5})).mismatches
    assert (mismatch.what, mismatch.difference) == ("test/roc_auc", None)
