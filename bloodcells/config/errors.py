"""The error a user can mend."""


class InputError(ValueError):
    """Something in the config, the data or the machine that the user can put right.

    Its text is one line that says what was expected, what came and what to do; the command line prints
    it without a traceback and exits with status 1.
    """


class JobsFailedError(Exception):
    """Some jobs of a sweep failed; which and why has been told."""
