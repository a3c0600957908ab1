"""Strength of each distortion at each severity, chosen by eye on cells of 96 x 96 pixels.

Severity 1 is barely visible; at severity 5 a person can still recognize the cell. Lengths are fractions of the shorter
side of the image, so that they have the same effect at every image size.
"""

from dataclasses import dataclass

SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Strength:
    """The strength of one distortion at severities 1 to 5, and its unit."""

    unit: str
    values: tuple[float, float, float, float, float]


STRENGTHS = {
    "rotation": Strength("degrees, in either direction", (5, 11, 20, 31, 45)),
    "shear": Strength(
        "pixels of displacement per pixel of distance, in either direction", (0.05, 0.11, 0.18, 0.27, 0.38)
    ),
    "zoom": Strength("factor, larger or smaller", (1.04, 1.1, 1.17, 1.26, 1.36)),
    "elastic": Strength(
        "root mean square displacement along each axis, fraction of the side", (0.005, 0.01, 0.015, 0.021, 0.028)
    ),
    "stain": Strength("largest change of each stain, fraction of its amount", (0.15, 0.3, 0.45, 0.6, 0.75)),
    "hue": Strength("degrees of the color wheel, in either direction", (6, 13, 22, 33, 46)),
    "white_balance": Strength("stops that red gains and blue loses, or the reverse", (0.05, 0.12, 0.2, 0.3, 0.42)),
    "brightness": Strength("added or subtracted, fraction of the range", (0.03, 0.08, 0.13, 0.19, 0.25)),
    "contrast": Strength("factor, higher or lower", (1.1, 1.25, 1.45, 1.75, 2.1)),
    "defocus_blur": Strength("radius of the disc, fraction of the side", (0.008, 0.013, 0.019, 0.026, 0.034)),
    "motion_blur": Strength("length of the path, fraction of the side", (0.02, 0.04, 0.065, 0.095, 0.13)),
    "gaussian_noise": Strength("standard deviation, fraction of the range", (0.02, 0.04, 0.065, 0.095, 0.13)),
    "jpeg": Strength("libjpeg quality", (70, 45, 28, 17, 10)),
    "pixelate": Strength("pixels kept along each side, fraction", (0.75, 0.57, 0.45, 0.35, 0.28)),
    "occlusion": Strength("side of the square, fraction of the side", (0.1, 0.17, 0.24, 0.31, 0.38)),
}

# Severities of the three distortions in a mixture: one lower than that of the mixture, with two exceptions. There is
# no severity below 1, and at severity 2 one of them has severity 2, because it would equal severity 1 otherwise.
MIXED = ((1, 1, 1), (2, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4))
