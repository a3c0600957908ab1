"""References: reading them, agreement with our rows, and their order."""

from types import SimpleNamespace

import numpy as np
import pytest

from bloodcells.comparison.configurations import Configuration
from bloodcells.comparison.reference import order_agreement, our_estimate, read_references, verdict
from bloodcells.comparison.rows import Comparison, Estimate, Row
from bloodcells.comparison.tables import agreement
from bloodcells.config.errors import InputError
from bloodcells.config.names import Metric

CLEAN = Metric.TEST_ACCURACY
HEAD = "match,metric,value,correct,total,source\n"


def row(backbone: str, mean: float, correct: list[int], **metrics: float) -> Row:
    run = SimpleNamespace(tags={"study": "s"}, metrics=metrics)
    configuration = Configuration(f"backbone={backbone}", {"backbone": backbone}, {0: run}, {})
    shares = {CLEAN: np.array([correct], float)}
    return Row(configuration, {CLEAN: Estimate((mean,), mean, mean - 0.01, mean + 0.01)}, shares)


ROWS = [
    row("a", 0.98, [1] * 20, training_seconds=60.0),
    row("b", 0.95, [0] * 10 + [1] * 10, training_seconds=90.0),
    row("c", 0.96, [0] * 9 + [1] * 11),
]
COMPARISON = Comparison(ROWS, CLEAN, CLEAN, 0, [None, 0, 1], {CLEAN: [None] * 3}, {CLEAN: [None] * 3})


@pytest.fixture
def references(tmp_path):
    def make(*lines: str):
        (tmp_path / "reference.csv").write_text(HEAD + "\n".join(lines) + "\n")
        return read_references(tmp_path / "reference.csv")

    return make


def test_counts_have_wilsons_interval_and_bare_values_have_none(references) -> None:
    first, second = references("backbone=a study=s,test/accuracy,0.9833,588,598,table 2", "backbone=b,m,0.9,,,x")
    assert first.match == {"backbone": "a", "study": "s"}
    assert [round(edge, 3) for edge in first.interval] == [0.969, 0.991]
    assert (first.value, second.interval) == (0.9833, None)
    assert first.rows(COMPARISON) == [0]
    assert second.rows(COMPARISON) == [1]


def test_missing_file_has_no_references(tmp_path) -> None:
    assert read_references(tmp_path / "reference.csv") == []


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("backbone,m,0.9,,,x", "line 2, match: expected key=value"),
        (",m,0.9,,,x", "line 2, match: expected key=value"),
        ("a=b,,0.9,,,x", "line 2, metric: "),
        ("a=b,m,much,,,x", "line 2, value: expected a number; received “much”"),
        ("a=b,m,0.9,9,,x", "line 2, total: expected a number"),
        ("a=b,m,0.9,11,10,x", "line 2, correct: expected a count of at most total"),
        ("a=b,m,0.5,9,10,x", "line 2, value: expected correct/total, 0.9000"),
    ],
)
def test_malformed_line_is_reported_with_line_and_column(references, line, place) -> None:
    with pytest.raises(InputError, match=f"reference.csv, {place}") as error:
        references(line)
    assert "\n" not in str(error.value)


def test_wrong_columns_are_reported(tmp_path) -> None:
    (tmp_path / "r.csv").write_text("match,value\n")
    with pytest.raises(InputError, match="line 1: expected the columns match,metric"):
        read_references(tmp_path / "r.csv")


def test_verdicts(references) -> None:
    given = references(
        "backbone=a,test/accuracy,0.9833,588,598,x", "backbone=b,test/accuracy,0.9833,588,598,x",
        "backbone=b,test/accuracy,0.955,,,x", "backbone=b,test/accuracy,0.90,,,x",
        "backbone=a,training_seconds,100,,,x",
    )  # fmt: skip
    texts = [verdict(each, our_estimate(ROWS[each.rows(COMPARISON)[0]], each.metric)) for each in given]
    assert texts == [
        "agrees",
        "ours is lower by 3.3 points",
        "agrees",
        "ours is higher by 5.0 points",
        "ours is lower by 40",
    ]


def test_table_has_every_matching_row_and_every_unmatched_reference(references) -> None:
    table = agreement(references("study=s,test/accuracy,0.98,,,x", "backbone=z,test/accuracy,0.9,,,y"), COMPARISON)
    assert table["our row"].tolist() == ["backbone=a", "backbone=b", "backbone=c", "-"]
    assert table["verdict"].tolist()[-1] == "matches none of our rows"


def test_order_of_pairs_and_its_significance(references) -> None:
    # a above b: 10 images to none, p = 0.002; b and c are reversed in ours; a above c: p = 0.004
    given = references(
        *(f"backbone={name},test/accuracy,{value},,," for name, value in (("a", 0.99), ("b", 0.97), ("c", 0.96)))
    )
    assert order_agreement(given, COMPARISON) == {
        CLEAN: "2 of 3 pairs are in the same order as in the references, 2 of them significantly"
    }
