"""Tables of results and differences."""

from bloodcells.comparison.tables import complete, differences, results
from bloodcells.config.names import Metric
from tests.comparison.artificial import CLEAN, comparison, difference, row

ROWS = [
    row("a", 0.95, 0.97, **{"all_epochs/trainable_parameters": 1_234_567.0}, training_seconds=90.0),
    row("b", 0.90, 0.94),
    row("c", 0.80),
    row("d", 0.70),
]


def test_results_have_intervals_parameters_and_minutes() -> None:
    table = results(comparison(ROWS[:2], [None, None]))
    assert table.columns.tolist() == [
        "configuration", "seeds", "composed accuracy", "trainable parameters", "time, min",
    ]  # fmt: skip
    assert table.to_numpy().tolist() == [
        ["a (best)", "0, 1", "0.960 (0.950 to 0.970)", "1,234,567", "1.5"],
        ["b", "0, 1", "0.920 (0.910 to 0.930)", "-", "-"],
    ]


def test_metric_that_a_row_lacks_is_a_dash() -> None:
    table = results(comparison([row("a", 0.9, metric=CLEAN), row("b", 0.8, metric=Metric.TEST_MACRO_F1)], [None, None]))
    assert table["clean accuracy"].tolist() == ["0.900 (0.890 to 0.910)", "-"]
    assert table["macro F1"].tolist() == ["-", "0.800 (0.790 to 0.810)"]


def test_differences_mark_best_and_first_and_name_followed_rows() -> None:
    compared = comparison(
        ROWS,
        [difference(-1.0, 0.41), None, difference(-2.0, 0.0123), None],
        vs_previous=[None, difference(2.3, 0.0004), difference(-6.0, 0.01), None],
        previous=[None, 0, 0, 1],
        best=1,
    )
    vs_best, vs_previous = differences(compared)
    assert vs_best.columns.tolist() == ["configuration", "composed accuracy, vs best"]
    assert vs_best["composed accuracy, vs best"].tolist() == [
        "no significant difference (-1.0 points, -2.0 to 0.0, p = 0.41)",
        "best",
        "worse by 2.0 points (1.0 to 3.0, p = 0.012)",
        "not comparable: different data",
    ]
    assert vs_previous["composed accuracy, vs previous row"].tolist() == [
        "first",
        "better by 2.3 points (1.3 to 3.3, p < 0.001)",
        "worse by 6.0 points (5.0 to 7.0, p = 0.010); vs a",
        "not comparable: different data; vs b",
    ]


def test_complete_table_has_differences_in_full_precision(monkeypatch) -> None:
    for each in ROWS:
        for predictions in each.configuration.predictions.values():
            monkeypatch.setattr(predictions, "labels", [0] * 7, raising=False)
    compared = comparison(
        ROWS[:2], [None, difference(-4.25, 0.0123)], vs_previous=[None, difference(-4.25, 0.03, "clustered McNemar")]
    )
    table = complete(compared)
    metric = Metric.COMPOSED_ACCURACY
    assert table["best"].tolist() == [True, False]
    assert table["runs"].tolist() == ["a 0 a 1", "b 0 b 1"]
    assert table["test_images"].tolist() == ["7 7", "7 7"]
    assert table[f"{metric} by seed"].tolist() == ["0.95 0.97", "0.9 0.94"]
    assert table["previous row"].tolist()[1] == "a"
    second = table.iloc[1]
    assert (second[f"{metric} vs best, points"], second[f"{metric} vs best, p"]) == (-4.25, 0.0123)
    assert second[f"{metric} vs previous row, test"] == "clustered McNemar"
