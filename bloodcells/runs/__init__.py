"""The life of a run: begin, resume after an interruption, close after a crash, share phase 1, end."""
