"""The best weights over all stages, and patience within each."""

import keras
import numpy as np
import pytest

from bloodcells.training.early_stopping import BestWeights


@pytest.fixture
def best() -> BestWeights:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    callback = BestWeights()
    callback.set_model(model)
    return callback


def pass_through(best: BestWeights, stage: str, patience: int | None, before: int, figures: list[tuple]) -> int:
    """Ends epochs with (validation accuracy, loss) as given, the weight being the epoch's number; how many it took."""
    best.begin_stage(stage, patience, before)
    best.model.stop_training = False
    for epoch, (accuracy, loss) in enumerate(figures):
        best.model.set_weights([np.full((1, 1), before + epoch + 1)])
        best.on_epoch_end(epoch, {"val_accuracy": accuracy, "val_loss": loss})
        if best.model.stop_training:
            return epoch + 1
    return len(figures)


def weight(best: BestWeights) -> float:
    best.restore()
    return float(best.model.get_weights()[0][0, 0])


def test_accuracy_decides_and_where_it_is_equal_the_loss(best) -> None:
    pass_through(best, "one", None, 0, [(0.5, 1.0), (0.9, 0.8), (0.9, 0.7), (0.9, 0.9), (0.8, 0.1)])
    assert weight(best) == 3
    assert (best.found.epoch, best.found.stage, best.found.accuracy, best.found.loss) == (3, "one", 0.9, 0.7)


def test_a_later_stage_that_finds_nothing_better_leaves_the_best_as_it_was(best) -> None:
    pass_through(best, "one", None, 0, [(0.5, 1.0), (0.9, 0.8)])
    pass_through(best, "two", None, 2, [(0.7, 1.0), (0.85, 0.8)])
    assert weight(best) == 2
    assert best.found.stage == "one"


def test_a_later_stage_that_finds_a_better_one_has_its_number_over_all(best) -> None:
    pass_through(best, "one", None, 0, [(0.5, 1.0), (0.9, 0.8)])
    pass_through(best, "two", None, 2, [(0.7, 1.0), (0.95, 0.8)])
    assert weight(best) == 4
    assert (best.found.epoch, best.found.stage) == (4, "two")


def test_patience_counts_epochs_of_the_stage_without_a_better_one(best) -> None:
    figures = [(0.5, 1), (0.6, 1), (0.6, 1), (0.55, 1), (0.7, 1), (0.6, 1), (0.6, 1), (0.6, 1), (0.9, 1)]
    assert pass_through(best, "one", 3, 0, figures) == 8
    # the next stage begins below the best so far and is not stopped for that
    assert pass_through(best, "two", 3, 8, [(0.1, 1), (0.2, 1), (0.3, 1), (0.4, 1), (0.5, 1)]) == 5


def test_without_patience_nothing_is_stopped(best) -> None:
    assert pass_through(best, "one", None, 0, [(0.5, 1.0)] * 20) == 20


def test_before_an_epoch_has_ended_there_is_no_best(best) -> None:
    with pytest.raises(RuntimeError, match="no epoch has ended"):
        _ = best.found
