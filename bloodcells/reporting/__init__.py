"""Output: HTML, Markdown and LaTeX, contact sheets of images, figure style, terminal text, atomic file writes.

The command bloodcells.report, which compares runs, is in bloodcells/comparison.
"""
