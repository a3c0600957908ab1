"""What people read on a terminal: times, and at the end what came out and where it is."""

from collections.abc import Mapping


def aligned(rows: Mapping[str, str]) -> str:
    """An empty line, then a line a row: its key, padded to the longest, and its value.

    Keys of spaces alone, so many that they differ, are for rows that go on with the one above.
    """
    width = max(len(key.strip()) for key in rows) + 2
    return "\n".join(["", *(f"{key.strip():<{width}}{value}" for key, value in rows.items())])


def duration(seconds: float) -> str:
    """Seconds as people say them: "42 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h {whole % 3600 // 60} min"
