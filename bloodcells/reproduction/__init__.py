"""Repeats a finished run and compares the two bit by bit."""
