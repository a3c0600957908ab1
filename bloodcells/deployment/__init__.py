"""Exports a finished run's model for use elsewhere and checks the exported model before it is handed over."""
