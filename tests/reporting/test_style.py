"""The palette of all figures, and names in any alphabet."""

import io
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from bloodcells.reporting import style
from bloodcells.reporting.style import PALETTE, drawable, literal


@pytest.fixture
def fonts_of_matplotlib(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only the fonts that Matplotlib brings along, as on a machine without others."""
    own = [font for font in fontManager.ttflist if Path(mpl.get_data_path()) in Path(font.fname).parents]
    monkeypatch.setattr(fontManager, "ttflist", own)
    style._drawable.cache_clear()
    with mpl.rc_context():
        yield
    style._drawable.cache_clear()


def png(text: str) -> bytes:
    figure, file = Figure((2, 1)), io.BytesIO()
    figure.text(0.1, 0.5, text)
    figure.savefig(file)
    return file.getvalue()


def test_palette_is_seaborns_for_the_color_blind() -> None:
    assert list(PALETTE) == sns.color_palette("colorblind").as_hex()


@pytest.mark.usefixtures("fonts_of_matplotlib")
@pytest.mark.filterwarnings("error")  # Matplotlib warns of a missing glyph
def test_character_that_the_font_lacks_is_drawn_in_another_font() -> None:
    with pytest.warns(UserWarning, match="missing from font"):
        boxed = png("\u2312")  # an arc, which of these fonts only STIX has
    assert drawable("\u2312 Größe αβ клетка") == "\u2312 Größe αβ клетка"
    assert png("\u2312") not in (boxed, png(" "))


@pytest.mark.usefixtures("fonts_of_matplotlib")
@pytest.mark.filterwarnings("error")
def test_character_that_no_font_has_is_written_in_latin_letters() -> None:
    assert drawable("血小板 (हिन्दी)") == "XueXiaoBan (hindi)"
    assert literal("血$") == r"Xue\$"
    png(literal("血$ and $"))
