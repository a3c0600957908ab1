"""Typed schema of conf/, registry of options, command line, error messages, and the names of stored results."""
