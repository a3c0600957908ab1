"""Loads images without labels: one image file, a folder of any depth, or an archive of NumPy arrays."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bloodcells.config.errors import InputError, readable
from bloodcells.data.folder import FORMATS, SUFFIXES, decode, image_files
from bloodcells.data.images import to_uint8
from bloodcells.data.npz import read_arrays
from bloodcells.data.resize import Size, describe_resizing, fitted
from bloodcells.reporting.terminal import with_progress


@dataclass(frozen=True)
class Unlabeled:
    """n images of one size.

    pixels: uint8 (n, h, w, 3), RGB; files: their n paths below the folder, or their numbers in an archive
    skipped: why a file was left out, one text per file
    sizes: number of images by their height and width before resizing
    """

    pixels: np.ndarray
    files: tuple[str, ...]
    skipped: tuple[str, ...]
    sizes: Counter[Size]

    def resized(self) -> str | None:
        """What was resized, see `describe_resizing`."""
        return describe_resizing(self.sizes, self.pixels.shape[1:3])


def load_unlabeled(path: str, size: Size) -> Unlabeled:
    """The images at `path`, resized to `size`, height and width, where theirs differs.

    path: an image file, a folder with image files at any depth, or an .npz archive with the array `images`. Hidden and
        other files of a folder are ignored, and image files that cannot be read are skipped.
    Raises InputError if there are no images or none can be read.
    """
    if path.endswith(".npz"):
        pixels = to_uint8(read_arrays(path, "images")["images"], path)
        read = {str(number): _fitted(image, size) for number, image in enumerate(pixels)}
        skipped: list[str] = []
    else:
        read, skipped = _read_files(Path(path), size)
    if not read:
        reason = f"none of {len(skipped)} files can be read: {skipped[0]}" if skipped else "no images"
        raise InputError(f"data.path={path}: {reason}; expected {FORMATS} files or an .npz archive of images")
    return Unlabeled(
        pixels=np.stack([image for _, image in read.values()]),
        files=tuple(read),
        skipped=tuple(skipped),
        sizes=Counter(before for before, _ in read.values()),
    )


def _read_files(path: Path, size: Size) -> tuple[dict[str, tuple[Size, np.ndarray]], list[str]]:
    """By name, the size and the fitted pixels of every image file that can be read; and why the others cannot."""
    read: dict[str, tuple[Size, np.ndarray]] = {}
    files = _image_files(path)
    others = [readable(str(file)) for file in files if file.suffix.lower() not in SUFFIXES]
    skipped = [f"{other}: not a {FORMATS} file" for other in others]
    root = path if path.is_dir() else path.parent
    with ThreadPoolExecutor() as threads:
        # Fitted where they are decoded: large images must not fill the memory.
        images = [file for file in files if file.suffix.lower() in SUFFIXES]
        loading = {file: threads.submit(lambda file: _fitted(decode(file), size), file) for file in images}
        for file in with_progress(list(loading), "reading images"):
            try:
                read[file.relative_to(root).as_posix()] = loading[file].result()
            except InputError as error:
                skipped.append(str(error))
    return read, skipped


def _image_files(path: Path) -> list[Path]:
    if path.is_dir():
        return image_files(path)
    if not path.exists():
        raise InputError(f"data.path={path}: no such file or folder; expected images: {FORMATS} files, or .npz")
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"data.path={path}: not an image; expected a {FORMATS} file, a folder of them, or .npz")
    return [path]


def _fitted(image: np.ndarray, size: Size) -> tuple[Size, np.ndarray]:
    """The size of an image before it is fitted to `size`, and its pixels afterwards."""
    return (image.shape[0], image.shape[1]), fitted(image, size)
