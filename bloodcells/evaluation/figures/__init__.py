"""Figures of a run. Colors: seaborn's colorblind palette. Sizes: one column or the page width of a paper."""
