"""The study of forecasts: its other methods and its table, on answers that are worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from experiments.forecast.study import FORECAST, others, summarize


def test_other_methods_give_their_definitions() -> None:
    """Clean: 8 of 10 right, confidence 0.9 or 0.6; distorted: all wrong, in the other class, at 0.6."""
    clean = {"draw": 0, "strength": 0.0, "groups": "", "confidence": [0.9] * 8 + [0.6] * 2, "label": [0] * 8 + [1] * 2}
    distorted = {"draw": 1, "strength": 0.5, "groups": "blur", "confidence": 0.6, "label": [0] * 10}
    parts = [pd.DataFrame(part).assign(predicted=draw) for draw, part in enumerate((clean, distorted))]
    rows = pd.concat(parts, ignore_index=True)
    forecasts = others(rows, np.array([[0.9, 0.1], [0.6, 0.4]]))
    assert forecasts["mean confidence"] == pytest.approx(0.75)
    assert forecasts["difference of confidences, clean"] == pytest.approx(0.8 - (0.84 - 0.75))
    assert forecasts["thresholded confidence, clean"] == pytest.approx(0.5)
    # Distorted, confidence falls by 0.24 and accuracy by 0.8; here, confidence by 0.09, and the classes stay.
    assert forecasts["difference of confidences, distorted"] == pytest.approx(0.8 - 0.09 * 0.8 / 0.24)
    assert forecasts["collapse alone, distorted"] == pytest.approx(0.8)


def test_table_has_mean_errors_by_kind_of_set_and_the_coverage() -> None:
    results = pd.DataFrame(
        {
            "run": "a",
            "left out": ["none", "blur", "blur", "any"],
            "set": ["clean", "alone, 1 of the limit", "in chains, strength 1", "chains, strength 1"],
            "images": 10,
            "accuracy": [0.9, 0.5, 0.6, 0.7],
            "mean confidence": [0.9, 0.9, 0.9, 0.9],
            FORECAST: [0.88, 0.6, 0.58, 0.7],
            "low": [0.85, 0.55, 0.5, 0.6],
            "high": [0.95, 0.65, 0.7, 0.8],
            "doubt": [False, True, False, False],
        }
    )
    table = summarize(results).set_index("method")
    assert table.loc["mean confidence"].tolist() == [0, 35, 40, 30, 20, 30]
    assert table.loc[FORECAST].tolist() == [2, 6, 10, 2, 0, 2]
    assert table.loc["share of accuracies in the interval"].tolist() == ["100%", "50%", "0%", "100%", "100%", "100%"]
    assert table.loc["sets"].tolist() == ["1", "2", "1", "1", "1", "1"]
