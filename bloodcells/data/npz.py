"""The report's archive format: a NumPy .npz of `images` and `labels`."""

import hashlib
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.data.images import Images, checked

# SHA-256 of archives a user may own, so that they can be told which one they have.
KNOWN_ARCHIVES = {
    "84e2e2aa5d4723d97a411a257cefa9d4f8fc5ec87db25f628e764ff226bb33a5": "the report's archive, 13,759 images",
}
# What NumPy and zipfile raise for bytes that are not what they were, and for sizes, flags and methods read from such.
DAMAGES = (
    zipfile.BadZipFile, zlib.error, tokenize.TokenError, EOFError, OSError, SyntaxError, ValueError, RuntimeError,
    OverflowError, MemoryError,
)  # fmt: skip


def load_npz(path: str) -> Images:
    """The images of the archive at `path`: arrays `images`, `labels` and, if there, `class_names`.

    Raises InputError for a file that is missing, no archive, truncated, without those arrays, or with pickled
    (object) arrays, which are never loaded: unpickling runs code.
    """
    if not Path(path).is_file():
        raise InputError(f"data.path={path}: no such file; expected an .npz archive of images and labels")
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"data.path={path}: not an .npz archive, or a truncated one; expected one of images and labels"
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            if missing := {"images", "labels"} - set(archive.files):
                raise InputError(
                    f"data.path={path}: no array {' and '.join(sorted(missing))}; expected images and labels, "
                    f"found {', '.join(archive.files) or 'nothing'}"
                )
            arrays = {key: _read(archive, key, path) for key in ("images", "labels", "class_names") if key in archive}
    except InputError:
        raise
    except DAMAGES as error:
        raise InputError(f"data.path={path}: damaged or truncated archive ({error}); fetch it again") from error
    with open(path, "rb") as file:
        known = KNOWN_ARCHIVES.get(hashlib.file_digest(file, "sha256").hexdigest())
    origin = f"{path} ({known})" if known else path
    names = _names(arrays["class_names"], path) if "class_names" in arrays else None
    return checked(arrays["images"], arrays["labels"], origin, names)


def _read(archive: np.lib.npyio.NpzFile, key: str, path: str) -> np.ndarray:
    try:
        array = archive[key]
    except ValueError as error:  # NumPy's answer to an object array, and to a header it cannot read
        what = (
            "is a pickled object array, which is refused" if "allow_pickle" in str(error) else f"is damaged ({error})"
        )
        raise InputError(f"data.path={path}: array {key} {what}; save it with a plain dtype") from error
    if not isinstance(array, np.ndarray):  # NumPy gives a member that is no array as bytes
        raise InputError(f"data.path={path}: {key} is no NumPy array; expected one, as numpy.savez writes it")
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
