"""Style of all figures: a palette for color-blind readers, and literal text."""

from functools import cache

# seaborn's "colorblind" palette, https://seaborn.pydata.org/tutorial/color_palettes.html. Copied, since importing
# seaborn takes 1 s.
PALETTE = ("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9")
BLUE, ORANGE, GREEN, GRAY, WARNING = PALETTE[0], PALETTE[1], PALETTE[2], "0.4", PALETTE[3]


def literal(name: str) -> str:
    r"""`drawable` text with escaped dollar signs, between which Matplotlib would typeset a formula.

    >>> print(literal("Größe in $"))
    Größe in \$
    """
    return drawable(name).replace("$", r"\$")


def drawable(name: str) -> str:
    """Text that Matplotlib can draw, from a name in any alphabet.

    A character that Matplotlib's font lacks is drawn in another installed font. If none has it, it is written in Latin
    letters, as by https://github.com/anyascii/anyascii.
    """
    return "".join(map(_drawable, name))


@cache
def _drawable(character: str) -> str:
    if character.isascii():
        return character
    import matplotlib as mpl  # imported here, as anyascii: for most runs neither is needed
    from anyascii import anyascii
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

    default = get_font(findfont(FontProperties()))
    if ord(character) in default.get_charmap():
        return character
    for font in sorted(fontManager.ttflist, key=lambda font: font.name):
        # The font of last resort, which is part of Matplotlib, has a box for every character.
        if not font.name.startswith("Last Resort") and ord(character) in get_font(font.fname).get_charmap():
            if font.name not in mpl.rcParams["font.family"]:
                mpl.rcParams["font.family"] = [*mpl.rcParams["font.family"], font.name]  # searched in this order
            return character
    return anyascii(character)
