"""CSV files for spreadsheets: text that looks like a formula stays text, and reads back exactly."""

import csv
from io import StringIO

import pandas as pd
import pytest

from bloodcells.reporting.spreadsheet import to_csv, unescaped

TEXTS = ["=1+1", "+ve", "-ve", "@SUM(A1)", "\tx", "'quoted", "'=1", "blast", "a=b", "", "3"]


def test_no_text_starts_a_formula() -> None:
    table = pd.DataFrame({"=class": TEXTS, "group": pd.Categorical(TEXTS), "change": range(-5, 6)})
    header, *rows = csv.reader(StringIO(to_csv(table)))
    assert header == ["'=class", "group", "change"]
    for text, row, number in zip(TEXTS, rows, range(-5, 6), strict=True):
        assert row[0] == row[1]
        assert row[0].removeprefix("'") == text
        assert row[0][:1] not in {"=", "+", "-", "@", "\t"}
        assert row[2] == str(number)  # a negative number stays a number


@pytest.mark.parametrize("text", TEXTS)
def test_texts_read_back_exactly(text) -> None:
    stored = pd.read_csv(StringIO(to_csv(pd.DataFrame({"text": [text], "end": [1]}))), dtype=str, keep_default_na=False)
    assert unescaped(stored["text"]).tolist() == [text]
