"""The marks of references in the figure of all rows."""

from types import SimpleNamespace

from bloodcells.comparison.figures import forest
from bloodcells.comparison.reference import Reference
from tests.comparison.artificial import COMPOSED, comparison, row


def marks(compared, reference: Reference) -> tuple[int, list[str]]:
    """The number of marks of references, and the labels in the legend."""
    figure = forest(compared, [reference])
    lines = [line for line in figure.axes[0].lines if line.get_marker() == "P"]
    return len(lines), [text.get_text() for text in figure.legends[0].get_texts()]


def test_reference_is_drawn_on_the_backbone_that_it_is_about_but_not_on_a_stand_in() -> None:
    compared = comparison([row("a", 0.9), row("b", 0.8)], [None, None])
    reference = Reference({"optimizer": "a"}, COMPOSED, 0.95, None, "paper")
    assert marks(compared, reference) == (1, ["composed accuracy", "reference"])
    compared.rows[0].configuration.runs[0] = SimpleNamespace(tags={"stand_in_for": "vgg19"}, metrics={})
    assert marks(compared, reference) == (0, ["composed accuracy"])
