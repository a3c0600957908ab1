"""What all figures share: seaborn's colour-blind palette, and names as they are."""

import seaborn as sns

PALETTE = sns.color_palette("colorblind")
BLUE, ORANGE, GREY, WARNING = PALETTE[0], PALETTE[1], "0.4", PALETTE[3]


def literal(name: str) -> str:
    """The name of a file or a class for a figure, where a pair of dollar signs would else make a formula of it."""
    return name.replace("$", r"\$")
