"""Sections rendered as HTML, Markdown and LaTeX."""

import base64
import io
import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from pandas import DataFrame
from PIL import Image

from bloodcells.reporting.page import Link, RenderedFigure, Section, latex, markdown, markdown_table, page
from tests import shortcuts

TABLE = DataFrame({"a_b": ["x_1 & 50%", "p < 0.001"], "c": ["{#}", "a|b"]})


def figure(width: float) -> Figure:
    drawn = Figure(figsize=(width, 1))
    drawn.subplots().plot([0, 1])
    return drawn


def cells(html: str) -> list[list[str]]:
    """The text of each row of the page's tables, header rows included."""
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in rows]


def test_all_text_is_escaped() -> None:
    nasty = "<script>alert('a & b')</script>"
    text = page(nasty, nasty, [Section(nasty, [nasty, DataFrame({nasty: [nasty]})])])
    assert "<script" not in text
    # Title, heading, lead; contents, heading and paragraph of the section; head and cell of the table.
    assert text.count("&lt;script&gt;alert(&#39;a &amp; b&#39;)&lt;/script&gt;") == 8


def test_title_lead_and_contents_come_before_the_sections() -> None:
    text = page("Title", "The lead.", [Section("First", ["one"]), Section("Second", ["two"])])
    assert "<title>Title</title>" in text
    assert '<h1>Title</h1>\n<p class="verdict">The lead.</p>' in text
    assert '<nav><a href="#section1">First</a><a href="#section2">Second</a></nav>' in text
    assert re.findall(r'<h2 id="(\w+)">(\w+)</h2>', text) == [("section1", "First"), ("section2", "Second")]


@pytest.mark.parametrize("convert", [lambda drawn: drawn, RenderedFigure.of], ids=["figure", "rendered"])
def test_figures_are_embedded_at_their_size(convert, monkeypatch) -> None:
    monkeypatch.setattr(Figure, "savefig", shortcuts.draw)
    text = page("t", "l", [Section("a", [convert(figure(2)), "between", convert(figure(3))])])
    embedded = re.findall(r'<img width="(\d+)" alt="a" src="data:image/png;base64,([^"]+)">', text)
    assert [width for width, _ in embedded] == [str(2 * 96), str(3 * 96)]
    sizes = [Image.open(io.BytesIO(base64.b64decode(png, validate=True))).size for _, png in embedded]
    assert sizes == [(300, 150), (450, 150)]


def test_page_loads_nothing_from_elsewhere() -> None:
    text = page("t", "l", [Section("a", ["words", DataFrame({"x": [1]}), figure(2)])])
    text = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "data:", text)
    assert not re.search(r"https?:|//|<script|<link|@import|url\(", text)
    assert re.findall(r'src="([^"]*)"', text) == ["data:"]
    assert re.findall(r'href="([^"]*)"', text) == ["#section1"]


def test_a_cell_can_be_a_link_in_a_page_and_is_text_elsewhere() -> None:
    table = DataFrame({"run": [Link.to("http://a/#/<1>", "a<b"), "none"]}, dtype=object)
    text = page("t", "l", [Section("a", [table])])
    assert '<a href="http://a/#/&lt;1&gt;">a&lt;b</a></td>' in text
    assert cells(text)[2] == ["none"]
    assert markdown_table(table).splitlines()[2] == "| a<b |"


def test_blocks_keep_their_order() -> None:
    text = page("t", "l", [Section("a", ["first", DataFrame({"x": [1]})]), Section("b", ["last"])])
    assert text.index("first") < text.index("<table>") < text.index('<h2 id="section2">b') < text.index("last")


def test_numbers_are_formatted_and_right_aligned() -> None:
    table = DataFrame({"name": ["p", "q"], "count": [7, 12_345], "share": np.array([0.5, 1.0]), "s": [1234.56, np.nan]})
    text = page("t", "l", [Section("a", [table])])
    assert cells(text) == [
        ["name", "count", "share", "s"],
        ["p", "7", "0.500", "1235"],
        ["q", "12345", "1.000", "-"],
    ]
    aligned_right = re.findall(r'<td class="number[^"]*">([^<]*)<', text)
    assert aligned_right == ["7", "0.500", "1235", "12345", "1.000", "-"]
    assert re.findall(r'<th class="number">([^<]*)<', text) == ["count", "share", "s"]


def test_short_cells_do_not_wrap_and_long_ones_do() -> None:
    text = page("t", "l", [Section("a", [DataFrame({"x": ["y" * 29, "z" * 30]})])])
    assert f'<td class="short">{"y" * 29}</td>' in text
    assert f'<td class="">{"z" * 30}</td>' in text


def test_latex_escapes_special_characters() -> None:
    text = latex({"mean_x, 95%": TABLE}, "two\nlines")
    body = [line for line in text.splitlines() if not line.startswith("%")]
    assert text.splitlines()[:3] == ["% \\usepackage{booktabs}", "% two", "% lines"]
    assert r"x\_1 \& 50\% & \{\#\} \\" in body
    assert r"p $<$ 0.001 & a|b \\" in body
    assert r"a\_b & c \\" in body
    assert r"\caption{mean\_x, 95\%}" in body
    assert [line for line in body if line.startswith("\\") and "rule" in line] == [
        "\\toprule",
        "\\midrule",
        "\\bottomrule",
    ]


def test_markdown_has_text_tables_and_figures_in_order() -> None:
    rendered = RenderedFigure(b"", 1.0)
    text = markdown("T", "lead", [Section("H", ["words", TABLE, rendered])], figures={"figures/f.png": rendered})
    assert text.split("\n\n") == [
        "# T", "lead", "## H", "words",
        "| a_b | c |\n| --- | --- |\n| x_1 & 50% | {#} |\n| p < 0.001 | a\\|b |",
        "![H](figures/f.png)\n",
    ]  # fmt: skip
