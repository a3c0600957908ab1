"""Loads a folder of image files with one subfolder per class."""

import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from bloodcells.config.errors import InputError, readable
from bloodcells.data.images import Images
from bloodcells.data.resize import Size, describe_resizing, fitted

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
FORMATS = "JPEG, PNG, WebP, TIFF or BMP"
MOST_PASSED_OVER = 0.05  # of a class; beyond this, the folder is not what its user thinks it is
MODES = {"1", "L", "LA", "P", "RGB", "RGBA"}  # at most 8 bits per channel: converted to RGB without loss of range


def load_folder(path: str, resize: int | None = None) -> Images:
    """The images in `path`/CLASS/, with classes and files in alphabetical order. Hidden and other files are ignored.

    resize: the side in pixels to which `fitted` brings every image; None: they must have one size
    A remark counts image files in further folders or in formats that are not read.
    Raises InputError for a missing folder, a class without images, a class of which many image files would be passed
    over, and for an image that cannot be read, has more than 8 bits per channel, or differs in size from the first one.
    """
    root = Path(path)
    if not root.is_dir():
        raise InputError(f"data.path={path}: no such folder; expected one with a subfolder per class")
    folders = sorted(
        entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__MACOSX"))
    )
    if len(folders) < 2:
        raise InputError(f"data.path={path}: {len(folders)} subfolders; expected two or more, one per class")
    files: list[Path] = []
    labels: list[int] = []
    passed_over = [readable(file.name) for file in image_files(root) if file.parent == root]
    for label, folder in enumerate(folders):
        found = image_files(folder)
        members = [file for file in found if file.parent == folder and file.suffix.lower() in SUFFIXES]
        others = [readable(file.relative_to(root).as_posix()) for file in found if file not in set(members)]
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
        # Fitted where they are decoded: large images must not fill the memory.
        read = list(threads.map(lambda file: _read(file, resize), files))
    sizes, images = [size for size, _ in read], [image for _, image in read]
    remarks = [describe_resizing(Counter(sizes), (resize, resize))] if resize else []
    (height, width), most = Counter(image.shape[:2] for image in images).most_common(1)[0]
    for file, image in zip(files, images, strict=True):
        if image.shape[:2] != (height, width):
            raise InputError(
                f"{file}: {image.shape[1]}x{image.shape[0]} pixels; expected {width}x{height}, as {most} of "
                f"{len(images)} images have; data.resize={min(height, width)} gives all one size"
            )
    if passed_over:
        count = "1 image file" if len(passed_over) == 1 else f"{len(passed_over):,} image files"
        remarks.append(f"{count} passed over, such as {passed_over[0]}")
    return Images.from_arrays(
        np.stack(images),
        np.asarray(labels),
        origin=path,
        class_names=[folder.name for folder in folders],
        examples=[file.relative_to(root).as_posix() for file in files],
        remarks=[remark for remark in remarks if remark],
    )


def _read(file: Path, resize: int | None) -> tuple[Size, np.ndarray]:
    """The size of an image file before it is resized, and its pixels afterwards."""
    image = decode(file)
    return (image.shape[0], image.shape[1]), fitted(image, (resize, resize)) if resize else image


def image_files(folder: Path) -> list[Path]:
    """All files at any depth that are images by their suffix, also broken links, except hidden files and folders."""
    known = {*Image.registered_extensions(), ".heic", ".heif"}
    files = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in known and not file.is_dir()]
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
    except Exception as error:  # besides its own, Pillow raises what its decoders meet in a damaged file
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
