"""A folder of folders, one a class, of pictures."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from bloodcells.config.errors import InputError
from bloodcells.data.images import Images, checked

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
MODES = {"1", "L", "LA", "P", "RGB", "RGBA"}  # 8 bits a channel: what converts to RGB without loss of range


def load_folder(path: str) -> Images:
    """The pictures in `path`/CLASS/, classes and files in alphabetical order. Other files are passed over.

    Raises InputError for a missing folder, a class without pictures, a picture that cannot be read or is not
    8-bit, or one whose size differs from the first's; the picture is named.
    """
    root = Path(path)
    if not root.is_dir():
        raise InputError(f"data.path={path}: no such folder; expected one with a folder a class")
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if len(folders) < 2:
        raise InputError(f"data.path={path}: {len(folders)} folders; expected two or more, one a class")
    files: list[Path] = []
    labels: list[int] = []
    for label, folder in enumerate(folders):
        found = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
        if not found:
            raise InputError(f"data.path={path}: no pictures in {folder.name}/; expected JPEG, PNG or WebP files")
        files += found
        labels += [label] * len(found)
    with ThreadPoolExecutor() as threads:
        pictures = list(threads.map(_decode, files))
    for file, picture in zip(files, pictures, strict=True):
        if picture.shape != pictures[0].shape:
            raise InputError(
                f"{file}: {picture.shape[1]}x{picture.shape[0]} pixels; expected {pictures[0].shape[1]}x"
                f"{pictures[0].shape[0]}, the size of {files[0]}; resize the pictures to one size"
            )
    return checked(
        np.stack(pictures),
        np.asarray(labels),
        path,
        class_names=[folder.name for folder in folders],
        examples=[file.relative_to(root).as_posix() for file in files],
    )


def _decode(file: Path) -> np.ndarray:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # palette pictures with transparency
            with Image.open(file) as picture:
                if picture.mode not in MODES:
                    raise InputError(
                        f"{file}: a picture of mode {picture.mode}; expected 8 bits a channel, RGB or grey"
                    )
                return np.asarray(picture.convert("RGB"))
    except InputError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{file}: cannot be read as a picture ({error}); mend or remove it") from error
