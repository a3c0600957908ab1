"""Figures of a run. Colours are seaborn's colour-blind palette; sizes fit a column or a page of a paper."""
