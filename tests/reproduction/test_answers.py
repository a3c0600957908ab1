"""Answers compared, in made-up runs of three images and two classes."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest

from bloodcells.config.errors import InputError
from bloodcells.evaluation.predictions import Predictions
from bloodcells.reproduction.answers import compare_distorted, compare_predictions

PROBABILITIES = np.array([[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]], np.float32)


def answering(probabilities: np.ndarray, examples: tuple[str, ...] = ("0", "8", "15")):
    splits, labels = np.array(["validation", "test", "test"]), np.array([0, 1, 0])
    predictions = Predictions(("blast", "other"), splits, np.array(examples), labels, probabilities)
    return SimpleNamespace(predictions=lambda: predictions)


def test_equal_answers_are_equal() -> None:
    found = compare_predictions(answering(PROBABILITIES), answering(PROBABILITIES.copy()))
    assert (found.equal, found.compared) == (True, 3)


def test_the_last_bit_of_one_probability_is_found() -> None:
    other = PROBABILITIES.copy()
    other[1, 1] = np.nextafter(np.float32(0.75), np.float32(1))
    found = compare_predictions(answering(PROBABILITIES), answering(other))
    assert (found.differing, found.apart) == (1, 2.0**-24)
    assert [d.what for d in found.differences] == ["test 8, p(other)"]


def test_of_an_image_the_class_that_is_furthest_apart_is_told() -> None:
    other = PROBABILITIES.copy()
    other[0], other[2] = (0.25, 0.75), (0.5, 0.5)
    found = compare_predictions(answering(PROBABILITIES), answering(other))
    assert [(d.what, d.original, d.again, d.apart) for d in found.differences] == [
        ("validation 0, p(blast)", 0.5, 0.25, 0.25),
        ("test 15, p(blast)", 1.0, 0.5, 0.5),
    ]
    assert found.describe().startswith("2 of 3 differ, by up to 0.5 (test 15, p(blast))")


def test_an_image_that_only_one_of_them_answered_is_found() -> None:
    found = compare_predictions(answering(PROBABILITIES), answering(PROBABILITIES, ("0", "8", "16")))
    assert [(d.what, d.original, d.again) for d in found.differences] == [
        ("test 15", "answered", None),
        ("test 16", None, "answered"),
    ]


@pytest.fixture
def distorting(tmp_path: Path):
    """A function that makes a run with this table of answers to distorted images, or with none.

    asked: whether it was to answer any
    """

    def make(table: dict | None, asked: bool | None = None):
        path = tmp_path / f"{uuid4()}.csv"
        if table is not None:
            pd.DataFrame(table).to_csv(path, index=False)

        def file(name: str) -> Path:
            assert name == "shift/predictions.csv"
            if not path.is_file():
                raise InputError("it keeps none")
            return path

        asked = table is not None if asked is None else asked
        record = SimpleNamespace(data=SimpleNamespace(metrics={"shift/mean_accuracy": 0.5} if asked else {}))
        return SimpleNamespace(run=record, file=file, readable=lambda what: nullcontext())

    return make


def test_a_class_answered_otherwise_for_a_distorted_image_is_found(distorting) -> None:
    table = {"example": ["8", "15"], "label": [1, 0], "blur 1": [1, 0], "blur 3": [0, 0]}
    assert compare_distorted(distorting(table), distorting(table)).describe() == "equal, all 4"
    found = compare_distorted(distorting(table), distorting(table | {"blur 3": [0, 1]}))
    assert [(d.what, d.original, d.again) for d in found.differences] == [("test 15, blur 3", 0, 1)]
    assert (found.compared, found.differing, found.apart) == (4, 1, None)


def test_distorted_images_are_compared_only_where_both_were_asked(distorting) -> None:
    table = {"example": ["8"], "label": [1], "blur 1": [1]}
    assert compare_distorted(distorting(table), distorting(None)) is None
    assert compare_distorted(distorting(None), distorting(table)) is None
    with pytest.raises(InputError, match="keeps none"):
        compare_distorted(distorting(table), distorting(None, asked=True))
