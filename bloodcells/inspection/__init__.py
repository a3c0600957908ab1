"""A look at the data before training on them: one module per chapter of the page."""
