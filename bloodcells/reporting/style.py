"""Style of all figures: a palette for color-blind readers, and literal text."""

# seaborn's "colorblind" palette, https://seaborn.pydata.org/tutorial/color_palettes.html. Copied, since importing
# seaborn takes 1 s.
PALETTE = ("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9")
BLUE, ORANGE, GREEN, GRAY, WARNING = PALETTE[0], PALETTE[1], PALETTE[2], "0.4", PALETTE[3]


def literal(name: str) -> str:
    """Escapes dollar signs, between which Matplotlib would typeset a formula."""
    return name.replace("$", r"\$")
