"""The life of a run: start, resume after an interruption, share phase 1 in a sweep, end, close after a crash."""
