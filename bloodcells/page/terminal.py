"""The end of a program's output: what came out and where it is."""

from collections.abc import Mapping


def aligned(rows: Mapping[str, str]) -> str:
    """An empty line, then a line a row: its key, padded to the longest, and its value.

    Keys of spaces alone, so many that they differ, are for rows that go on with the one above.
    """
    width = max(len(key.strip()) for key in rows) + 2
    return "\n".join(["", *(f"{key.strip():<{width}}{value}" for key, value in rows.items())])
