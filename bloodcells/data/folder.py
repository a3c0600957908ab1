"""Loads a folder of image files with one subfolder per class."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from bloodcells.config.errors import InputError, readable
from bloodcells.data.images import Images

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
FORMATS = "JPEG, PNG, WebP, TIFF or BMP"
MOST_PASSED_OVER = 0.05  # of a class; beyond this, the folder is not what its user thinks it is
MODES = {"1", "L", "LA", "P", "RGB", "RGBA"}  # at most 8 bits per channel: converted to RGB without loss of range


def load_folder(path: str) -> Images:
    """The images in `path`/CLASS/, with classes and files in alphabetical order. Other files are ignored.

    Other image files, in further folders or in formats that are not read, are listed as `Images.passed_over`.
    Raises InputError for a missing folder, a class without images, a class of which many image files would be passed
    over, and for an image that cannot be read, has more than 8 bits per channel, or differs in size from the first one.
    """
    root = Path(path)
    if not root.is_dir():
        raise InputError(f"data.path={path}: no such folder; expected one with a subfolder per class")
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if len(folders) < 2:
        raise InputError(f"data.path={path}: {len(folders)} subfolders; expected two or more, one per class")
    files: list[Path] = []
    labels: list[int] = []
    passed_over = [readable(file.name) for file in _image_files(root) if file.parent == root]
    for label, folder in enumerate(folders):
        members = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
        others = [
            readable(file.relative_to(root).as_posix()) for file in _image_files(folder) if file not in set(members)
        ]
        if len(others) > MOST_PASSED_OVER * (len(members) + len(others)):
            raise InputError(
                f"data.path={path}: {len(others)} of {len(members) + len(others)} image files in {folder.name}/ "
                f"would be passed over, such as {others[0]}; expected {FORMATS} files directly in class folders"
            )
        passed_over += others
        if not members:
            raise InputError(f"data.path={path}: no images in {folder.name}/; expected {FORMATS} files")
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
        passed_over=passed_over,
    )


def _image_files(folder: Path) -> list[Path]:
    """All files at any depth that are images by their suffix, except hidden ones and those in hidden folders."""
    known = {*Image.registered_extensions(), ".heic", ".heif"}
    files = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in known and file.is_file()]
    return [file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts)]


def decode(file: Path) -> np.ndarray:
    """The pixels of an image file: uint8 (h, w, 3), RGB. Raises InputError, which names the file, if it has none.

    Names that are not UTF-8 are refused, since no table could hold them.
    """
    if (name := readable(str(file))) != str(file):
        raise InputError(f"{name}: a name that is not UTF-8; rename the file or its folder")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about palette images with transparency
            with Image.open(file) as image:
                if image.mode not in MODES or (bits := _bits(image, file)) > 8:
                    found = f"image mode {image.mode}" if image.mode not in MODES else f"{bits} bits per channel"
                    raise InputError(f"{file}: {found}; expected RGB or gray with 8 bits per channel: convert it")
                if image.format == "TIFF" and (pages := getattr(image, "n_frames", 1)) > 1:
                    raise InputError(f"{file}: {pages} images; expected one per file: split it")
                return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except InputError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{file}: cannot be read as an image ({error}); repair or remove it") from error


def _bits(image: Image.Image, file: Path) -> int:
    """The bits per channel in the file. Pillow would drop the lower ones, and images that use only these become black.

    https://www.w3.org/TR/png-3/#11IHDR
    """
    if image.format == "PNG":
        with file.open("rb") as content:
            return content.read(25)[24]
    if image.format == "TIFF":
        return max(image.tag_v2.get(258, (8,)))  # type: ignore[attr-defined]  # BitsPerSample
    return 8
