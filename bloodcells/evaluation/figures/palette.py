"""The colours of all figures: seaborn's colour-blind palette."""

import seaborn as sns

PALETTE = sns.color_palette("colorblind")
BLUE, ORANGE, GREY = PALETTE[0], PALETTE[1], "0.4"
