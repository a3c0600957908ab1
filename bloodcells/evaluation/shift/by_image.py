"""The columns of `Artifact.BY_IMAGE`: strengths of chains of distortions, and the grid. Imports no distortion."""

from bloodcells.config.names import Metric

# Shares of `Chains.strength`. The two with names have all draws; the others, which only draw the curve, have one.
GRADES = (0.25, 0.5, 0.75, 1.0)
MILD, FULL = GRADES[0], GRADES[-1]
NAMED = {MILD: Metric.MILD_ACCURACY, FULL: Metric.COMPOSED_ACCURACY}
GRID = "grid"  # the column of the grid of single distortions


def by_image_column(grade: float) -> str:
    """The column of a grade."""
    return f"strength {grade:g}"
