"""What a run is made of: the typed schema, the command line, its errors, the fingerprint."""
