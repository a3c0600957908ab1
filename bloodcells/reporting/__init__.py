"""Output: HTML, Markdown and LaTeX, contact sheets of images, figure style, terminal text, atomic file writes."""
