"""The time left, as people say it."""

import pytest

from bloodcells.training.plan import plan
from bloodcells.training.progress import Progress, duration
from tests.conftest import composed


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (59.4, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (3600, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_durations(seconds, said) -> None:
    assert duration(seconds) == said


def test_the_estimate_counts_a_frozen_backbones_epochs_as_a_third_of_unfrozen_ones(monkeypatch, caplog) -> None:
    # 3 epochs frozen, then 2 with everything unfrozen: each of the latter costs one pass forward and two back.
    config = composed(
        "backbone=vgg19", "training.feature_extraction.epochs=3", "training.fine_tuning.epochs=2", "unfreeze=all"
    )
    now = [0.0]
    monkeypatch.setattr("bloodcells.training.progress.time.perf_counter", lambda: now[0])
    progress = Progress(plan(config), 22, 1)
    progress.begin_stage(0)
    figures = {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5}
    with caplog.at_level("INFO", "bloodcells"):
        for epoch, seconds in enumerate([25, 10, 10]):  # the first one traces the graph
            progress.on_epoch_begin(epoch)
            now[0] += seconds
            progress.on_epoch_end(epoch, figures)
    # after the second: 1 epoch of 10 s and 2 of 30 s; after the third: 2 of 30 s
    assert [record.getMessage().rpartition("|  ")[2] for record in caplog.records] == [
        "25 s, at most 3 min 20 s left",
        "10 s, at most 1 min 10 s left",
        "10 s, at most 1 min left",
    ]
