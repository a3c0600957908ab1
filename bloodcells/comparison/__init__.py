"""Compares finished runs in tables and figures."""
