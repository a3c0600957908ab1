"""Comparison of predictions, in artificial runs with three images and two classes."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest

from bloodcells.config.errors import InputError
from bloodcells.evaluation.predictions import Predictions
from bloodcells.reproduction.compare import compare_distorted, compare_predictions

PROBABILITIES = np.array([[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]], np.float32)


def predicting(probabilities: np.ndarray, examples: tuple[str, ...] = ("0", "8", "15")):
    splits, labels = np.array(["validation", "test", "test"]), np.array([0, 1, 0])
    predictions = Predictions(("blast", "other"), splits, np.array(examples), labels, probabilities)
    return SimpleNamespace(predictions=lambda: predictions)


def test_equal_predictions_are_equal() -> None:
    result = compare_predictions(predicting(PROBABILITIES), predicting(PROBABILITIES.copy()))
    assert (result.equal, result.compared) == (True, 3)


def test_one_bit_of_one_probability_is_a_mismatch() -> None:
    other = PROBABILITIES.copy()
    other[1, 1] = np.nextafter(np.float32(0.75), np.float32(1))
    result = compare_predictions(predicting(PROBABILITIES), predicting(other))
    assert (result.differing, result.max_difference) == (1, 2.0**-24)
    assert [d.what for d in result.mismatches] == ["test 8, p(other)"]


def test_mismatch_names_the_class_with_the_largest_difference() -> None:
    other = PROBABILITIES.copy()
    other[0], other[2] = (0.25, 0.75), (0.5, 0.5)
    result = compare_predictions(predicting(PROBABILITIES), predicting(other))
    assert [(d.what, d.original, d.repeat, d.difference) for d in result.mismatches] == [
        ("validation 0, p(blast)", 0.5, 0.25, 0.25),
        ("test 15, p(blast)", 1.0, 0.5, 0.5),
    ]
    assert result.describe().startswith("2 of 3 differ, by up to 0.5 (test 15, p(blast))")


def test_image_that_only_one_run_predicted_is_a_mismatch() -> None:
    result = compare_predictions(predicting(PROBABILITIES), predicting(PROBABILITIES, ("0", "8", "16")))
    assert [(d.what, d.original, d.repeat) for d in result.mismatches] == [
        ("test 15", "predicted", None),
        ("test 16", None, "predicted"),
    ]


@pytest.fixture
def distorting(tmp_path: Path):
    """A function that makes a run with a table of predictions for distorted images, or without one.

    evaluated: whether the run was evaluated on distorted images; by default, if it has a table
    """

    def make(table: dict | None, evaluated: bool | None = None):
        path = tmp_path / f"{uuid4()}.csv"
        if table is not None:
            pd.DataFrame(table).to_csv(path, index=False)

        def file(name: str) -> Path:
            assert name == "shift/predictions.csv"
            if not path.is_file():
                raise InputError("no such file")
            return path

        evaluated = table is not None if evaluated is None else evaluated
        metrics = {"shift/mean_accuracy": 0.5} if evaluated else {}
        return SimpleNamespace(metrics=metrics, file=file, readable=lambda what: nullcontext())

    return make


def test_another_class_for_a_distorted_image_is_a_mismatch(distorting) -> None:
    table = {"example": ["8", "15"], "label": [1, 0], "blur 1": [1, 0], "blur 3": [0, 0]}
    assert compare_distorted(distorting(table), distorting(table)).describe() == "all 4 equal"
    result = compare_distorted(distorting(table), distorting(table | {"blur 3": [0, 1]}))
    assert [(d.what, d.original, d.repeat) for d in result.mismatches] == [("test 15, blur 3", 0, 1)]
    assert (result.compared, result.differing, result.max_difference) == (4, 1, None)


def test_distorted_images_are_compared_only_if_both_runs_have_them(distorting) -> None:
    table = {"example": ["8"], "label": [1], "blur 1": [1]}
    assert compare_distorted(distorting(table), distorting(None)) is None
    assert compare_distorted(distorting(None), distorting(table)) is None
    with pytest.raises(InputError, match="no such file"):
        compare_distorted(distorting(table), distorting(None, evaluated=True))
