"""Figures of a run. Colours: seaborn's colour-blind palette. Sizes: one column or the page width of a paper."""
