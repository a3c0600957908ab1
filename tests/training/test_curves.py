"""Learning curves show the numbers they are drawn from."""

from bloodcells.config.schema import Monitor
from bloodcells.training.curves import learning_curves
from bloodcells.training.early_stopping import BestEpoch
from bloodcells.training.epochs import Epoch
from bloodcells.training.fit import FitResult


def rows() -> tuple[Epoch, ...]:
    stages = ["feature extraction"] * 2 + ["fine-tuning"] * 3
    return tuple(
        Epoch(k + 1, "phase", stage, 1.0 - k / 10, k / 10, 1.1 - k / 10, k / 11, 2 - k / 10, k / 20, 1e-4, 1.0, 10)
        for k, stage in enumerate(stages)
    )


def test_learning_curves_show_training_both_validations_the_stages_and_the_best_epoch() -> None:
    figure = learning_curves(FitResult(rows(), BestEpoch(4, "fine-tuning", 0.15, 1.7), Monitor.composed, 5.0))
    for axes, measure in zip(figure.axes, ("loss", "accuracy"), strict=True):
        lines = {line.get_label(): line for line in axes.lines}
        keys = {"training": "train", "validation, clean": "val", "validation, composed": "val_composed"}
        for label, key in keys.items():
            assert list(lines[label].get_xdata()) == [1, 2, 3, 4, 5]
            assert list(lines[label].get_ydata()) == [getattr(row, f"{key}_{measure}") for row in rows()]
        best = "best epoch by composed accuracy, 4"
        assert list(lines[best].get_xdata()) == [4, 4]
        assert axes.get_xlabel() == "Epoch"
        assert axes.get_ylabel() == measure.capitalize()
        assert [text.get_text().strip() for text in axes.texts] == ["fine-tuning"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [*keys, best]
