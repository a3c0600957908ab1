"""Loads a NumPy .npz archive of `images` and `labels`, the format of the course report's data."""

import hashlib
import tokenize
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.data.images import Images
from bloodcells.data.resize import describe_resizing, fitted

# SHA-256 of well-known archives, to report which one was loaded.
KNOWN_ARCHIVES = {
    "84e2e2aa5d4723d97a411a257cefa9d4f8fc5ec87db25f628e764ff226bb33a5": "the course report's archive, 13,759 images",
}
# Raised by NumPy and zipfile for damaged data, and for sizes, flags and compression methods read from it.
DAMAGE_ERRORS = (
    zipfile.BadZipFile, zlib.error, tokenize.TokenError, EOFError, OSError, SyntaxError, ValueError, RuntimeError,
    OverflowError, MemoryError,
)  # fmt: skip


def load_npz(path: str, resize: int | None = None) -> Images:
    """The images of the archive at `path`, with the arrays `images`, `labels` and optionally `class_names`.

    resize: the side in pixels to which `fitted` brings every image; None: as they are
    Raises InputError as `read_arrays` does, and for arrays that do not fit together.
    """
    arrays = read_arrays(path, "images", "labels", optional=("class_names",))
    with open(path, "rb") as file:
        known = KNOWN_ARCHIVES.get(hashlib.file_digest(file, "sha256").hexdigest())
    origin = f"{path} ({known})" if known else path
    names = _names(arrays["class_names"], path) if "class_names" in arrays else None
    images = Images.from_arrays(arrays["images"], arrays["labels"], origin=origin, class_names=names)
    size = (resize, resize) if resize else images.size
    if remark := describe_resizing(Counter({images.size: len(images)}), size):
        pixels = np.stack([fitted(image, size) for image in images.pixels])
        images = replace(images, pixels=pixels, remarks=(*images.remarks, remark))
    return images


def read_arrays(path: str, *required: str, optional: Collection[str] = ()) -> dict[str, np.ndarray]:
    """The arrays of an archive, by name.

    Raises InputError if the file is missing, damaged, not an archive, lacks a required array, or has pickled (object)
    arrays. These are never loaded, since unpickling can run code.
    """
    needed = " and ".join(required)
    if not Path(path).is_file():
        raise InputError(f"data.path={path}: no such file; expected an .npz archive of {needed}")
    if not zipfile.is_zipfile(path):
        raise InputError(f"data.path={path}: not an .npz archive, or truncated; expected an archive of {needed}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            if missing := set(required) - set(archive.files):
                raise InputError(
                    f"data.path={path}: no array {' and '.join(sorted(missing))}; expected {needed}, "
                    f"received {', '.join(archive.files) or 'none'}"
                )
            return {key: _read(archive, key, path) for key in (*required, *optional) if key in archive}
    except InputError:
        raise
    except DAMAGE_ERRORS as error:
        raise InputError(f"data.path={path}: damaged or truncated archive ({error}); download it again") from error


def _read(archive: np.lib.npyio.NpzFile, key: str, path: str) -> np.ndarray:
    try:
        array = archive[key]
    except ValueError as error:  # for an object array or an unreadable header
        pickled = "allow_pickle" in str(error)
        reason = "is a pickled object array, which is refused" if pickled else f"is damaged ({error})"
        raise InputError(f"data.path={path}: array {key} {reason}; save it with a plain dtype") from error
    if not isinstance(array, np.ndarray):  # NumPy returns other members as bytes
        raise InputError(f"data.path={path}: {key} is not a NumPy array; expected an archive written by numpy.savez")
    return array


def _names(names: np.ndarray, path: str) -> list[str]:
    if names.dtype.kind == "S":
        names = np.char.decode(names, "utf-8", "replace")
    if names.dtype.kind != "U" or names.ndim != 1:
        raise InputError(
            f"data.path={path}: class_names of type {names.dtype} and shape {names.shape}; expected text of shape "
            "(classes,)"
        )
    return names.tolist()
