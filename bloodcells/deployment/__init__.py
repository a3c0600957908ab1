"""A finished run's model written for use elsewhere, and checked there before it is handed over."""
