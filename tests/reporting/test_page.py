"""A page holds all it shows, and says what it is told to the letter."""

import base64
import io
import re

import numpy as np
from matplotlib.figure import Figure
from pandas import DataFrame
from PIL import Image

from bloodcells.reporting.page import Section, page


def figure(width: float) -> Figure:
    drawn = Figure(figsize=(width, 1))
    drawn.subplots().plot([0, 1])
    return drawn


def test_all_text_is_escaped() -> None:
    nasty = "<script>alert('a & b')</script>"
    text = page(nasty, nasty, [Section(nasty, [nasty, DataFrame({nasty: [nasty]})])])
    assert "<script" not in text
    # Title, heading, lead; contents, heading and paragraph of the section; head and cell of the table.
    assert text.count("&lt;script&gt;alert(&#39;a &amp; b&#39;)&lt;/script&gt;") == 8


def test_pictures_are_held_in_the_page_at_their_size() -> None:
    text = page("t", "l", [Section("a", [figure(2), "between", figure(3)])])
    held = re.findall(r'<img width="(\d+)" alt="a" src="data:image/png;base64,([^"]+)">', text)
    assert [width for width, _ in held] == [str(2 * 96), str(3 * 96)]
    sizes = [Image.open(io.BytesIO(base64.b64decode(picture, validate=True))).size for _, picture in held]
    assert sizes == [(300, 150), (450, 150)]


def test_nothing_is_fetched() -> None:
    text = page("t", "l", [Section("a", ["words", DataFrame({"x": [1]}), figure(2)])])
    text = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "data:", text)
    assert not re.search(r"https?:|//|<script|<link|@import|url\(", text)
    assert re.findall(r'src="([^"]*)"', text) == ["data:"]
    assert re.findall(r'href="([^"]*)"', text) == ["#section1"]


def test_blocks_come_in_their_order_and_numbers_stand_right() -> None:
    table = DataFrame({"name": ["p"], "count": [7], "share": np.array([0.5])})
    text = page("t", "l", [Section("a", ["first", table]), Section("b", ["last"])])
    assert text.index("first") < text.index("<table>") < text.index('<h2 id="section2">b') < text.index("last")
    numeric = re.findall(r'<td class="number[^"]*">([^<]*)<', text)
    assert numeric == ["7", "0.5000"]
