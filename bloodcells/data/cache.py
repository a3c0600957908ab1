"""Keeps decoded images and near copies on disk, so that the next run or job on the same data starts at once.

Processes on one machine share the memory of kept images. Deleting the folder is safe at any time.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.schema.data import Data
from bloodcells.config.typed import plain
from bloodcells.data.images import Images
from bloodcells.data.npz import DAMAGE_ERRORS

CACHE = CHECKOUT / "mlruns" / "cache"
KEPT = 4  # data sets, the most recently used ones
UNREADABLE = (*DAMAGE_ERRORS, KeyError)


def load(data: Data) -> Images:
    """All images of a data source, as from `data.load()`.

    They are read from the cache if neither the source's settings, nor size and time of change of any of its files, nor
    the code that loads them has changed. The pixels may then be read-only and mapped from the file.

    Raises InputError as `data.load()` does.

    Example:
        >>> load(compose("data=npz", "data.path=cells.npz").data).describe()
        'cells.npz: 13,759 images of 8 classes, 96 x 96 pixels'
    """
    key = _state(data)
    if key is None:
        return data.load()
    folder = CACHE / f"images-{key}"
    with suppress(*UNREADABLE):
        images = _read(folder)
        os.utime(folder)  # marks it as used
        return images
    images = data.load()
    if _state(data) == key:  # otherwise the files changed while they were read
        with suppress(OSError):  # a full disk, a folder of somebody else: the cache is not needed
            _place(folder, lambda part: _write(part, images))
            _remove_oldest()
    return images


def cached_pairs(
    find: Callable[[np.ndarray], list[tuple[int, int]]], images: Images, chosen: np.ndarray
) -> list[tuple[int, int]]:
    """The pairs that `find` returns for the pixels of the chosen images, from the cache if they were found before.

    find: a function of this package, which depends on the pixels only; chosen: indices
    """
    digests = b"".join(images.digests[index] for index in chosen)
    file = CACHE / f"{find.__name__}-{_digest(digests)}" / "pairs.npy"
    with suppress(*UNREADABLE):
        return [(int(first), int(second)) for first, second in np.load(file, allow_pickle=False)]
    pairs = find(images.pixels[chosen])
    with suppress(OSError):
        _place(file.parent, lambda part: np.save(part / file.name, np.array(pairs, np.int64).reshape(-1, 2)))
    return pairs


def _state(data: Data) -> str | None:
    """A hash of everything that the images of a source follow from; None if they cannot be cached."""
    if (files := data.files()) is None:
        return None
    settings = {key: value for key, value in plain(data).items() if key not in ("clean", "split")}
    try:
        stats = [(str(file), file.stat()) for file in files]
    except OSError:  # a missing file: loading reports it
        return None
    stamps = [(name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino) for name, stat in stats]
    return _digest(json.dumps([settings, stamps]).encode())


def _digest(content: bytes) -> str:
    """SHA-256 of the content and of the code that reads and compares images."""
    digest = hashlib.sha256(content)
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    digest.update(f"{version('numpy')} {version('pillow')}".encode())
    return digest.hexdigest()[:32]


def _read(folder: Path) -> Images:
    """Raises one of UNREADABLE if the folder does not hold complete images."""
    pixels = np.load(folder / "pixels.npy", mmap_mode="r", allow_pickle=False)
    with np.load(folder / "others.npz", allow_pickle=False) as others:
        names = tuple(others["class_names"].tolist())
        remarks = tuple(others["remarks"].tolist())
        origin = str(others["origin"])
        return Images(np.asarray(pixels), others["labels"], names, others["examples"], origin, remarks)


def _write(folder: Path, images: Images) -> None:
    np.save(folder / "pixels.npy", images.pixels)
    others = {key: getattr(images, key) for key in ("labels", "class_names", "examples", "origin", "remarks")}
    np.savez(folder / "others.npz", **others)


def _place(folder: Path, write: Callable[[Path], None]) -> None:
    """Creates a folder atomically; if another process creates it first, keeps that one. Raises OSError."""
    CACHE.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=CACHE, prefix=".part-"))
    try:
        write(part)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _remove_oldest() -> None:
    """Removes all but the KEPT most recently used data sets."""
    entries = sorted(CACHE.glob("images-*"), key=lambda entry: entry.stat().st_mtime, reverse=True)
    for entry in entries[KEPT:]:
        shutil.rmtree(entry, ignore_errors=True)
