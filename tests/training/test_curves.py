"""Learning curves show the numbers they are drawn from."""

from bloodcells.training.curves import learning_curves
from bloodcells.training.early_stopping import BestEpoch
from bloodcells.training.epochs import Epoch


def rows() -> list[Epoch]:
    stages = ["feature extraction"] * 2 + ["fine-tuning"] * 3
    return [
        Epoch(k + 1, "phase", stage, 1.0 - k / 10, k / 10, 1.1 - k / 10, k / 11, 1e-4, 1.0, 10)
        for k, stage in enumerate(stages)
    ]


def test_learning_curves_show_both_splits_the_stages_and_the_best_epoch() -> None:
    figure = learning_curves(rows(), BestEpoch(4, "fine-tuning", 0.27, 0.8))
    for axes, keys in zip(figure.axes, (("train_loss", "val_loss"), ("train_accuracy", "val_accuracy")), strict=True):
        lines = {line.get_label(): line for line in axes.lines}
        for label, key in zip(("training", "validation"), keys, strict=True):
            assert lines[label].get_xdata().tolist() == [1, 2, 3, 4, 5]
            assert list(lines[label].get_ydata()) == [getattr(row, key) for row in rows()]
        assert list(lines["best epoch, 4"].get_xdata()) == [4, 4]
        assert axes.get_xlabel() == "Epoch"
        assert axes.get_ylabel()
        assert [text.get_text().strip() for text in axes.texts] == ["fine-tuning"]
