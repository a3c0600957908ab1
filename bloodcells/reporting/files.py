"""Writes files and folders atomically: first under a temporary name in the same folder, then renamed into place."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bloodcells.config.errors import InputError


def checked_output(output: str) -> Path:
    """Returns `output` as the path of a file that can be written.

    Raises InputError if it is a folder, or if its folder does not exist or is read-only.
    """
    path = Path(output)
    if path.is_dir():
        raise InputError(f"output={output}: is a folder; expected the name of a file, such as {output}/page.html")
    if not path.parent.is_dir():
        raise InputError(f"output={output}: no folder {path.parent}; expected an existing one: create it first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"output={output}: the folder {path.parent} is read-only; expected a writable one")
    return path


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Opens a file whose content replaces `path` when the block succeeds; if it fails, `path` is unchanged."""
    partial = path.with_name(f".{path.name}.part")
    try:
        with open(partial, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # otherwise a power cut could leave the new name on an empty file
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_atomically(path: Path, text: str) -> None:
    """Writes a text file as UTF-8; if that fails, keeps the previous file."""
    with replacing(path) as file:
        file.write(text.encode())


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A hidden folder inside `folder` for files to move into place later; removed at the end of the block.

    Creates `folder` if needed. Both are on the same file system, so moving a file is a rename.
    Raises InputError if `folder` is not a folder or cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage = tempfile.TemporaryDirectory(dir=folder, prefix=".staging-")
    except OSError as error:
        raise _not_writable(folder, error) from error
    with stage as name:
        yield Path(name)


def write_all(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Writes several files, given by their paths in `folder`; replaces none before all have been written.

    Keeps other files in the folder. Raises InputError if the files cannot be written.
    """
    with staging(folder) as stage:
        try:
            for name, content in files.items():
                (stage / name).parent.mkdir(parents=True, exist_ok=True)
                (stage / name).write_bytes(content.encode() if isinstance(content, str) else content)
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if blocked := next((name for name in files if (folder / name).is_dir()), None):
                raise IsADirectoryError(f"{blocked} is a folder")
            for name in files:
                os.replace(stage / name, folder / name)
        except OSError as error:
            raise _not_writable(folder, error) from error


def move_into_place(written: Path, target: Path) -> None:
    """Renames a file or folder in a `staging` folder to `target`, replacing a previous one."""
    if target.exists() and (target.is_dir() or written.is_dir()):
        target.rename(written.with_name("previous"))  # a folder cannot be replaced in one step
    written.replace(target)


def _not_writable(folder: Path, error: OSError) -> InputError:
    return InputError(f"output={folder}: cannot be written to ({error}); expected a writable folder")
