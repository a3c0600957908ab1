"""Output for people: HTML pages, terminal text, progress bars, sheets of images, figure style, atomic writes."""
