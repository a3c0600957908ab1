"""Loads a folder of image files with one subfolder per class."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from bloodcells.config.errors import InputError
from bloodcells.data.images import Images

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
MODES = {"1", "L", "LA", "P", "RGB", "RGBA"}  # at most 8 bits per channel: converted to RGB without loss of range


def load_folder(path: str) -> Images:
    """The images in `path`/CLASS/, with classes and files in alphabetical order. Other files are ignored.

    Raises InputError for a missing folder, a class without images, and for an image that cannot be read, has more than
    8 bits per channel, or differs in size from the first one.
    """
    root = Path(path)
    if not root.is_dir():
        raise InputError(f"data.path={path}: no such folder; expected one with a subfolder per class")
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if len(folders) < 2:
        raise InputError(f"data.path={path}: {len(folders)} subfolders; expected two or more, one per class")
    files: list[Path] = []
    labels: list[int] = []
    for label, folder in enumerate(folders):
        members = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
        if not members:
            raise InputError(f"data.path={path}: no images in {folder.name}/; expected JPEG, PNG or WebP files")
        files += members
        labels += [label] * len(members)
    with ThreadPoolExecutor() as threads:
        images = list(threads.map(decode, files))
    for file, image in zip(files, images, strict=True):
        if image.shape != images[0].shape:
            raise InputError(
                f"{file}: {image.shape[1]}x{image.shape[0]} pixels; expected {images[0].shape[1]}x"
                f"{images[0].shape[0]}, the size of {files[0]}; resize the images to one size"
            )
    return Images.from_arrays(
        np.stack(images),
        np.asarray(labels),
        origin=path,
        class_names=[folder.name for folder in folders],
        examples=[file.relative_to(root).as_posix() for file in files],
    )


def decode(file: Path) -> np.ndarray:
    """The pixels of an image file: uint8 (h, w, 3), RGB. Raises InputError, which names the file, if it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about palette images with transparency
            with Image.open(file) as image:
                if image.mode not in MODES:
                    raise InputError(f"{file}: image mode {image.mode}; expected RGB or gray with 8 bits per channel")
                return np.asarray(image.convert("RGB"))
    except InputError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{file}: cannot be read as an image ({error}); repair or remove it") from error
