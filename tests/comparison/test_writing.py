"""Markdown and LaTeX."""

from pandas import DataFrame

from bloodcells.comparison.writing import latex, markdown
from bloodcells.reporting.page import Picture, Section

TABLE = DataFrame({"a_b": ["x_1 & 50%", "p < 0.001"], "c": ["{#}", "a|b"]})


def test_latex_escapes_what_it_would_read_as_commands() -> None:
    text = latex({"mean_x, 95%": TABLE}, "told\ntwice")
    body = [line for line in text.splitlines() if not line.startswith("%")]
    assert text.splitlines()[:3] == ["% \\usepackage{booktabs}", "% told", "% twice"]
    assert r"x\_1 \& 50\% & \{\#\} \\" in body
    assert r"p $<$ 0.001 & a|b \\" in body
    assert r"a\_b & c \\" in body
    assert r"\caption{mean\_x, 95\%}" in body
    assert [line for line in body if line.startswith("\\") and "rule" in line] == [
        "\\toprule",
        "\\midrule",
        "\\bottomrule",
    ]


def test_markdown_has_text_tables_and_pictures_in_order() -> None:
    figure = Picture(b"", 1.0)
    text = markdown("T", "lead", [Section("H", ["words", TABLE, figure])], {"figures/f.png": figure})
    assert text.split("\n\n") == [
        "# T", "lead", "## H", "words",
        "| a_b | c |\n| --- | --- |\n| x_1 & 50% | {#} |\n| p < 0.001 | a\\|b |",
        "![H](figures/f.png)\n",
    ]  # fmt: skip
