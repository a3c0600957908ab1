"""Errors that are reported without a traceback."""


class InputError(ValueError):
    """A problem with the config, the data or the machine that the user can fix.

    The message is one line with what was expected, what was received and the remedy. The command line prints it and
    exits with status 1.
    """


class JobsFailedError(Exception):
    """Some jobs of a sweep failed, and the sweep has already reported which and why."""


def readable(text: str) -> str:
    """A text from the system, such as a file name, with escapes in place of bytes that are not UTF-8."""
    return text.encode(errors="backslashreplace").decode()
