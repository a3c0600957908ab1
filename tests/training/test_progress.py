"""Training progress: one line per epoch, at most 100 characters, with the time left."""

import io
import sys

import pytest

from bloodcells.training.plan import plan
from bloodcells.training.progress import Progress
from tests.conftest import composed

LOGS = {"loss": 1.0, "accuracy": 0.5, "val_accuracy": 0.5, "val_composed_accuracy": 0.25}


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """The time in seconds, as a list of one number."""
    now = [0.0]
    monkeypatch.setattr("bloodcells.training.progress.time.perf_counter", lambda: now[0])
    return now


def test_time_left_counts_frozen_epochs_a_third_of_unfrozen_ones(clock, caplog) -> None:
    # 3 epochs with a frozen backbone, then 2 with all layers: one forward pass against one forward and two backward.
    config = composed(
        "backbone=vgg19", "training.feature_extraction.epochs=3", "training.fine_tuning.epochs=2", "unfreeze=all"
    )
    progress = Progress(plan(config), 22, 1)
    progress.begin_stage(0, 0)
    with caplog.at_level("INFO", "bloodcells"):
        for epoch, seconds in enumerate([25, 10, 10]):  # the first epoch includes tracing the graph
            progress.on_epoch_begin(epoch)
            clock[0] += seconds
            progress.on_epoch_end(epoch, LOGS)
    # After the second epoch: 1 of 10 s and 2 of 30 s; after the third: 2 of 30 s.
    assert [message.rpartition("| ")[2] for message in caplog.messages] == [
        "25 s, 3 min 20 s left",
        "10 s, 1 min 10 s left",
        "10 s, 1 min left",
    ]


def test_first_estimate_leaves_out_the_first_step_which_compiles(clock, caplog) -> None:
    config = composed("training.feature_extraction.epochs=3", "training.fine_tuning.epochs=0")
    progress = Progress(plan(config), 22, 5)
    progress.begin_stage(0, 0)
    progress.on_epoch_begin(0)
    for batch, seconds in enumerate([60, 2, 2, 2, 2]):
        clock[0] += seconds
        progress.on_train_batch_end(batch)
    with caplog.at_level("INFO", "bloodcells"):
        progress.on_epoch_end(0, LOGS)
    assert caplog.messages[0].endswith("| 1 min 8 s, 20 s left")  # two epochs of five steps of 2 s


def test_time_left_counts_pixels(clock, caplog) -> None:
    phases = ("training.feature_extraction.epochs=0", "training.fine_tuning.epochs=4")
    progress = Progress(plan(composed(*phases, "training.resolution=[48,96]")), 22, 1)
    progress.begin_stage(0, 0)
    with caplog.at_level("INFO", "bloodcells"):
        for epoch, seconds in enumerate([20, 10, 40]):
            progress.on_epoch_begin(epoch)
            clock[0] += seconds
            progress.on_epoch_end(epoch, LOGS)
    # After the second epoch two of four times 10 s are left; after the third, one of 40 s.
    assert [message.rpartition(", ")[2] for message in caplog.messages[1:]] == ["1 min 20 s left", "40 s left"]


def test_line_of_an_epoch_fits_100_columns(clock, caplog) -> None:
    config = composed("backbone.weights=null", "training.fine_tuning.epochs=100")
    progress = Progress(plan(config), 22, 1)
    progress.begin_stage(1, 7)  # the first stage has stopped early
    progress.on_epoch_begin(40)
    clock[0] += 599  # 9 min 59 s, and as long for each of 59 more epochs
    with caplog.at_level("INFO", "bloodcells"):
        progress.on_epoch_end(
            40, {"loss": 12.34567, "accuracy": 0.98765, "val_accuracy": 0.87654, "val_composed_accuracy": 0.76543}
        )
    (line,) = caplog.messages
    assert line == (
        "epoch 48/107: loss 12.346 | accuracy 0.988, val 0.877, composed 0.765 | 9 min 59 s, 9 h 49 min left"
    )
    assert len(line) <= 100


@pytest.mark.parametrize(("terminal", "shown"), [(True, True), (False, False)])
def test_bar_is_shown_on_a_terminal_only(monkeypatch, terminal, shown) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stdout", stream)
    progress = Progress(plan(composed("backbone=vgg19")), 22, 3)
    progress.begin_stage(0, 0)
    progress.on_epoch_begin(0)
    progress.on_train_batch_end(0)
    progress.close()
    assert ("feature extraction, epoch 1/25" in stream.getvalue()) is shown


@pytest.mark.parametrize("widgets", [True, False])
def test_bar_is_shown_in_a_notebook_with_ipywidgets(monkeypatch, widgets) -> None:
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr("bloodcells.reporting.terminal.find_spec", lambda name: object() if widgets else None)
    monkeypatch.setattr("rich.progress.Progress.start", lambda bar: None)  # would display a widget
    progress = Progress(plan(composed("backbone=vgg19")), 22, 3)
    progress.begin_stage(0, 0)
    progress.on_epoch_begin(0)
    assert progress._bar.disable is not widgets
