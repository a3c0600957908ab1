"""What all figures share: seaborn's colour-blind palette, and names as they are."""

# seaborn's "colorblind", https://seaborn.pydata.org/tutorial/color_palettes.html; seaborn takes a second to import.
PALETTE = ("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9")
BLUE, ORANGE, GREY, WARNING = PALETTE[0], PALETTE[1], "0.4", PALETTE[3]


def literal(name: str) -> str:
    """The name of a file or a class for a figure, where a pair of dollar signs would else make a formula of it."""
    return name.replace("$", r"\$")
