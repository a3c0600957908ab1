"""What one should see of the data before training on them, a chapter a question."""
