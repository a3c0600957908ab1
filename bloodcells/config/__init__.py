"""The typed schema of conf/, its options, the command line and the errors shown there; names of stored results."""
