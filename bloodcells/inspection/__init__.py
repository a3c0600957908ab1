"""Shows the data before training: the chapters of the inspection page."""
