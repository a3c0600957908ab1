"""Predictions are saved first; every metric and figure is derived from them."""
