"""The lead sentence, captions, sections and terminal summary of a report."""

import pytest
from matplotlib.figure import Figure

from bloodcells.comparison import sections as module
from bloodcells.comparison.depth import DepthCurve
from bloodcells.comparison.reference import Reference
from bloodcells.comparison.sections import INTERVALS, ReportFigures, caption, lead, sections, summary
from bloodcells.reporting.page import RenderedFigure
from tests.comparison.artificial import CLEAN, COMPOSED, comparison, difference, row

A, B, C = row("a", 0.95, 0.97), row("b", 0.90, 0.94), row("c", 0.80, 0.81)
DEPTHS = [row(depth, 0.9, params={"unfreeze": depth}) for depth in ("0", "10", "all")]
WORSE, EQUAL = difference(-4.0, 0.0004), difference(-0.5, 0.41)
SERVER = "http://127.0.0.1:5000"
FIGURES = ReportFigures(RenderedFigure(b"forest", 1.0), [])


def blocks(parts, heading: str) -> list:
    """The blocks of the only section with this heading."""
    (section,) = [section for section in parts if section.heading == heading]
    return list(section.blocks)


def test_lead_names_the_best_row_with_its_interval() -> None:
    assert lead(comparison([A], [None])) == "Best by composed accuracy: a, 0.960 (0.950 to 0.970)."


def test_lead_says_if_all_others_are_worse() -> None:
    text = lead(comparison([B, A, C], [WORSE, None, WORSE], best=1))
    assert text == (
        "Best by composed accuracy: a, 0.960 (0.950 to 0.970). All other comparable rows are clearly worse."
    )


def test_lead_names_rows_that_are_not_clearly_worse() -> None:
    assert lead(comparison([A, B, C], [None, EQUAL, WORSE])).endswith(" Not clearly worse: b.")
    assert lead(comparison([A, B, C], [None, EQUAL, EQUAL])).endswith(" Not clearly worse: b; c.")


def test_lead_of_single_seeds_speaks_of_these_images_only() -> None:
    rows, worse = [row("a", 0.9), row("b", 0.8), row("c", 0.7)], difference(-9.0, 0.0004, seeds=1)
    unknown = " With one seed per row, the variation between trainings is unknown."
    text = lead(comparison(rows, [None, worse, worse]))
    assert text.endswith(f" All other comparable rows are worse on these test images.{unknown}")
    text = lead(comparison(rows, [None, difference(-0.5, 0.41, seeds=1), worse]))
    assert text.endswith(f" Not worse on these test images: b.{unknown}")


def test_row_that_is_significantly_worse_within_the_variation_between_seeds_is_named() -> None:
    text = lead(comparison([A, B, C], [None, difference(-0.5, 0.0004), WORSE]))
    assert text.endswith(" Not clearly worse: b.")


def test_lead_counts_rows_that_are_too_many_to_name() -> None:
    rows = [A, *(row(f"r{k}", 0.9) for k in range(8))]
    five = [None, *[EQUAL] * 5, *[WORSE] * 3]
    assert lead(comparison(rows, five)).endswith(" Not clearly worse: r0; r1; r2; r3; r4.")
    six = [None, *[EQUAL] * 6, *[WORSE] * 2]
    assert lead(comparison(rows, six)).endswith("(0.950 to 0.970). 6 of the other 8 rows are not clearly worse.")


def test_rows_without_a_test_are_neither_equal_nor_counted() -> None:
    assert "comparable rows are clearly worse" in lead(comparison([A, B, C], [None, None, WORSE]))


def test_lead_explains_ranking_by_clean_accuracy() -> None:
    rows = [row("a", 0.9, metric=CLEAN), row("b", 0.8, metric=CLEAN)]
    assert lead(comparison(rows, [None, WORSE], metric=CLEAN)) == (
        "Best by clean accuracy: a, 0.900 (0.890 to 0.910). All other comparable rows are clearly worse. Ranked by "
        "clean accuracy, since not all rows have a comparable composed accuracy."
    )


def test_caption_names_the_tests_and_the_range_over_seeds() -> None:
    text = caption(
        comparison(
            [A, B, C], [None, EQUAL, EQUAL], vs_previous=[None, EQUAL, difference(-9.0, 0.01, "clustered McNemar")]
        )
    )
    assert "Tests, with images as clusters: clustered McNemar, exact McNemar;" in text
    # Ranges of 2, 4 and 1 points.
    assert text.endswith(
        "The range over a row's seeds is 2.0 points of composed accuracy (median over rows; maximum 4.0)."
    )


def test_caption_of_single_seeds_says_that_their_variation_is_unknown() -> None:
    text = caption(comparison([row("a", 0.9), row("b", 0.8)], [None, WORSE]))
    assert "Tests, with images as clusters: exact McNemar;" in text
    assert text.endswith("With one seed per row, the variation between seeds is unknown.")


def test_caption_without_any_test_says_so() -> None:
    text = caption(comparison([row("a", 0.9), row("b", 0.8)], [None, None]))
    assert text.startswith("No differences are tested, since the rows share no test images.")


def test_sections_of_a_single_row() -> None:
    parts = sections(comparison([A], [None]), [], [], curves=[], figures=FIGURES, server=SERVER)
    assert [part.heading for part in parts] == ["Results", "Missing and unfinished runs", "Shared settings", "Runs"]
    text, table, figure = blocks(parts, "Results")
    assert text == INTERVALS
    assert table["configuration"].tolist() == ["a (best)"]
    assert figure is FIGURES.forest
    assert blocks(parts, "Missing and unfinished runs") == ["Nothing is missing."]
    text, runs = blocks(parts, "Runs")
    assert SERVER in text
    assert [link.url for link in runs["run"]] == [f"{SERVER}/#/experiments/7/runs/{run}" for run in runs["run"]]
    assert runs.to_numpy().tolist() == [["a", "0", "a 0"], ["a", "1", "a 1"]]


def test_sections_with_everything() -> None:
    figures = ReportFigures(
        *(RenderedFigure(b"f", 1.0), [RenderedFigure(b"u", 1.0)]),
        strength=RenderedFigure(b"s", 1.0), distortions=RenderedFigure(b"d", 1.0), learning=RenderedFigure(b"l", 1.0),
    )  # fmt: skip
    compared = comparison([A, B], [None, WORSE])
    curve = DepthCurve("", DEPTHS, COMPOSED, 0, None, None)
    reference = Reference({"optimizer": "a"}, COMPOSED, 0.96, None, "paper")
    parts = sections(compared, ["one", "two"], [reference], curves=[curve], figures=figures, server=SERVER)
    assert [part.heading for part in parts] == [
        "Results", "Differences", "Strength of the distortions", "Learning curves", "Missing and unfinished runs",
        "Unfreezing depth", "Distortions", "References", "Shared settings", "Runs",
    ]  # fmt: skip
    assert blocks(parts, "Missing and unfinished runs") == ["- one\n- two"]
    assert blocks(parts, "Strength of the distortions") == [
        "Chains per image: 4 of up to 5 operations, strength 0.85. Bars are 95% intervals. No two rows change their "
        "order significantly between clean images and full strength.",
        figures.strength,
    ]
    assert blocks(parts, "Learning curves") == [
        "Means over seeds, up to the first seed that stops early.",
        figures.learning,
    ]
    text, vs_best, vs_previous = blocks(parts, "Differences")
    assert text == caption(compared)
    assert vs_best["composed accuracy, vs best"].tolist() == ["best", "worse by 4.0 points (3.0 to 5.0, p < 0.001)"]
    assert vs_previous.columns.tolist() == ["configuration", "composed accuracy, vs previous row"]
    assert blocks(parts, "Distortions") == [
        "Mean accuracy over seeds and severities, hardest distortion first.",
        figures.distortions,
    ]
    explanation, table = blocks(parts, "References")
    assert explanation.startswith("“Agrees” means that the intervals overlap")
    assert table["verdict"].tolist() == ["agrees"]


def test_order_of_several_references_is_stated() -> None:
    references = [
        Reference({"optimizer": label}, COMPOSED, value, None, "") for label, value in (("a", 0.9), ("b", 0.8))
    ]
    parts = sections(comparison([A, B], [None, WORSE]), [], references, curves=[], figures=FIGURES, server=SERVER)
    assert blocks(parts, "References")[-1] == (
        f"{COMPOSED}: 1 of 1 pairs are in the same order as in the references, 0 of them significantly."
    )


def test_note_says_if_figures_leave_out_rows(monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    figures = ReportFigures(FIGURES.forest, [], distortions=RenderedFigure(b"d", 1.0))
    parts = sections(comparison([A, B, C], [None, WORSE, WORSE]), [], [], curves=[], figures=figures, server=SERVER)
    for heading in ("Results", "Distortions"):
        assert blocks(parts, heading)[0].endswith(" The figure shows the best 2 rows.")


def test_every_curve_is_described_and_the_first_ones_are_drawn() -> None:
    curves = [DepthCurve(name, DEPTHS, COMPOSED, 1, EQUAL, WORSE) for name in ("x", "y", "z")]
    figures = ReportFigures(FIGURES.forest, [RenderedFigure(b"1", 1.0), RenderedFigure(b"2", 1.0)])
    content = blocks(
        sections(comparison([A], [None]), [], [], curves=curves, figures=figures, server=SERVER), "Unfreezing depth"
    )
    assert content[0] == "The 2 curves with the highest accuracy are drawn."
    assert content[1:] == [
        curves[0].describe(), figures.curves[0], curves[1].describe(), figures.curves[1], curves[2].describe(),
    ]  # fmt: skip
    assert content[1].startswith("x: best at unfreeze=10")


def test_shared_settings_and_settings_implied_by_the_names() -> None:
    rows = [
        row("a", 0.9, params={"backbone": "vgg19", "backbone.size": "96", "loss": "focal"}),
        row("b", 0.8, params={"backbone": "smallcnn", "backbone.size": "32", "loss": "focal"}),
    ]
    content = blocks(
        sections(comparison(rows, [None, WORSE]), [], [], curves=[], figures=FIGURES, server=SERVER), "Shared settings"
    )
    assert content[0].to_numpy().tolist() == [["loss", "focal"]]
    assert content[1:] == ["These settings vary with those in the row names: backbone.size."]


def test_figures_are_numbered_if_there_are_several_curves(monkeypatch) -> None:
    for name in ("forest", "unfreezing", "strength", "distortions", "learning"):
        monkeypatch.setattr(module, name, lambda *arguments: Figure(figsize=(1, 1)))
    compared = comparison([A], [None])
    files = [list(ReportFigures.draw(compared, [], [None] * count).files()) for count in (0, 1, 3)]
    last = ["figures/strength.png", "figures/distortions.png", "figures/learning.png"]
    assert files == [
        ["figures/forest.png", *last],
        ["figures/forest.png", "figures/unfreezing.png", *last],
        ["figures/forest.png", "figures/unfreezing_1.png", "figures/unfreezing_2.png", *last],
    ]


@pytest.mark.parametrize(
    ("count", "last"), [(2, "remark 1"), (10, "remark 9"), (12, "and 2 more, listed in the report")]
)
def test_summary_counts_runs_and_lists_at_most_ten_remarks(count, last) -> None:
    remarks = [f"remark {k}" for k in range(count)]
    lines = summary(comparison([A, B], [None, WORSE]), remarks, {"page": "x/report.html"}).splitlines()
    assert lines[1] == "compared  2 configurations, 4 runs"
    assert lines[2].startswith("best      by composed accuracy: a,")
    assert lines[3] == "missing   remark 0"
    assert lines[-2].strip() == last
    assert lines[-1] == "page      x/report.html"
    assert len(lines) == 3 + min(count, 11) + 1
