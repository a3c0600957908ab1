"""Where a page goes: looked at before the work, written whole or not at all."""

import os
import tempfile
from pathlib import Path

from bloodcells.config.errors import InputError


def checked_output(output: str) -> Path:
    """The path of a file that can be written. Raises InputError for a folder, and for one in no folder there is."""
    path = Path(output)
    if path.is_dir():
        raise InputError(f"output={output}: a folder; expected the name of a file to write, such as {output}/page.html")
    if not path.parent.is_dir():
        raise InputError(f"output={output}: no folder {path.parent}; expected one that exists; make it first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"output={output}: the folder {path.parent} cannot be written to; expected one that can")
    return path


def write_whole(path: Path, text: str) -> None:
    """Writes aside, then puts it in place of what was there."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        aside = Path(folder, path.name)
        aside.write_text(text, encoding="utf-8")
        os.replace(aside, path)
