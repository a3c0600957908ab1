"""A finished run done again, and compared with what it was to the bit."""
