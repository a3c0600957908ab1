"""Figures with one line per row, on histories and curves made up by hand."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from bloodcells.comparison.line_figures import learning, learning_curve, strength
from bloodcells.config.errors import InputError
from tests.comparison.artificial import comparison, row


def with_histories(label: str, folder: Path, *histories: list[tuple[float, float]]):
    """A row whose seeds have these clean and composed validation accuracies, one pair per epoch."""
    made = row(label, *[0.9] * len(histories))
    for seed, history in enumerate(histories):
        file = folder / f"{label}{seed}.csv"
        lines = [f"{epoch},{clean},0.5,{composed}" for epoch, (clean, composed) in enumerate(history, 1)]
        file.write_text("\n".join(["epoch,val_accuracy,val_loss,val_composed_accuracy", *lines]))
        made.configuration.runs[seed] = SimpleNamespace(file=lambda name, file=file: file, metrics={})
    return made


def test_learning_curve_is_the_mean_over_seeds_up_to_the_first_that_stops(tmp_path) -> None:
    curve = learning_curve(
        with_histories("a", tmp_path, [(0.5, 0.2), (0.7, 0.4), (0.9, 0.5)], [(0.6, 0.4), (0.9, 0.5)])
    )
    assert curve.index.tolist() == [1, 2]
    np.testing.assert_allclose(curve["val_accuracy"], [0.55, 0.8])
    np.testing.assert_allclose(curve["val_composed_accuracy"], [0.3, 0.45])


def test_row_without_a_readable_history_has_no_learning_curve(tmp_path) -> None:
    def missing(name: str) -> Path:
        raise InputError("no such file")

    damaged = tmp_path / "damaged.csv"
    damaged.write_text("epoch,loss\n1,0.5\n")
    for file in (missing, lambda name: damaged, lambda name: tmp_path / "absent.csv"):
        made = row("a", 0.9)
        made.configuration.runs[0] = SimpleNamespace(file=file, metrics={})
        assert learning_curve(made) is None
        assert learning(comparison([made], [None])) is None


def test_learning_figure_has_a_line_per_row_in_both_panels_the_best_first(tmp_path) -> None:
    worse, better = (
        with_histories("worse", tmp_path, [(0.5, 0.2), (0.6, 0.3)]),
        with_histories("b", tmp_path, [(0.9, 0.8)]),
    )
    object.__setattr__(worse, "estimates", row("worse", 0.3).estimates)
    panels = learning(comparison([worse, better], [None, None], best=1)).axes
    assert [[line.get_label() for line in axes.lines] for axes in panels] == [["b", "worse"]] * 2
    assert [axes.lines[1].get_ydata().tolist() for axes in panels] == [[0.5, 0.6], [0.2, 0.3]]


def test_no_figure_of_strength_without_composed_accuracies() -> None:
    assert strength(comparison([row("a", 0.9)], [None])) is None
