"""The palette of all figures."""

import seaborn as sns

from bloodcells.reporting.style import PALETTE


def test_palette_is_seaborns_for_the_color_blind() -> None:
    assert list(PALETTE) == sns.color_palette("colorblind").as_hex()
