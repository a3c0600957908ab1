"""Scores a model: predictions first, then every metric and table derived from them; figures are drawn separately."""
