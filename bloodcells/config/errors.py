"""Errors that are reported without a traceback, and the styles of text in a terminal."""

import os
import sys
from typing import TextIO

BOLD, RED, YELLOW = "1", "31", "33"  # styles of text in a terminal: ECMA-48, 8.3.117


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


def styled(text: str, style: str, stream: TextIO) -> str:
    """The text in a style, unless it is empty, the stream is not a terminal, or NO_COLOR is set.

    https://no-color.org
    """
    if not style or not stream.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{style}m{text}\033[0m"


def error_line(problem: object) -> str:
    """The line on standard error for an error that the user can fix."""
    return f"{styled('error:', RED, sys.stderr)} {problem}"
