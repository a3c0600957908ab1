"""How strong each distortion is at each severity: a table, chosen by eye on cells of 96 x 96 pixels.

Severity 1 is barely visible; at severity 5 a person can still name the cell. Lengths are shares of the image's shorter
side, so that they mean the same at every size.
"""

from dataclasses import dataclass

SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Strength:
    """One distortion's strength: what is counted, and its values at severities 1 to 5."""

    unit: str
    values: tuple[float, float, float, float, float]


STRENGTHS = {
    "rotation": Strength("degrees, either way", (5, 11, 20, 31, 45)),
    "shear": Strength("pixels across for each pixel along, either way", (0.05, 0.11, 0.18, 0.27, 0.38)),
    "zoom": Strength("times larger, or smaller", (1.04, 1.1, 1.17, 1.26, 1.36)),
    "elastic": Strength(
        "root mean square of the move along each axis, of the side", (0.005, 0.01, 0.015, 0.021, 0.028)
    ),
    "stain": Strength("largest change of each stain's amount, of the amount", (0.15, 0.3, 0.45, 0.6, 0.75)),
    "hue": Strength("degrees of the colour circle, either way", (6, 13, 22, 33, 46)),
    "white_balance": Strength("gain of red and loss of blue, or the reverse, in stops", (0.05, 0.12, 0.2, 0.3, 0.42)),
    "brightness": Strength("added or taken away, of the range", (0.03, 0.08, 0.13, 0.19, 0.25)),
    "contrast": Strength("times more, or less", (1.1, 1.25, 1.45, 1.75, 2.1)),
    "defocus_blur": Strength("radius of the disc, of the side", (0.008, 0.013, 0.019, 0.026, 0.034)),
    "motion_blur": Strength("length of the path, of the side", (0.02, 0.04, 0.065, 0.095, 0.13)),
    "gaussian_noise": Strength("standard deviation, of the range", (0.02, 0.04, 0.065, 0.095, 0.13)),
    "jpeg": Strength("quality as libjpeg counts it", (70, 45, 28, 17, 10)),
    "pixelate": Strength("pixels left along each side, of those there were", (0.75, 0.57, 0.45, 0.35, 0.28)),
    "occlusion": Strength("side of the square, of the image's", (0.1, 0.17, 0.24, 0.31, 0.38)),
}

# The severities of a mixture's three parts: one lower than its own. Severity 1 has none below it, and 2 leads with one
# part at 2: it would be severity 1 again otherwise.
MIXED = ((1, 1, 1), (2, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4))
