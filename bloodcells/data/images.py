"""Labelled images in memory, and the checks that every source of them must pass."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bloodcells.config.errors import InputError


@dataclass(frozen=True)
class Images:
    """n labelled images.

    pixels: uint8 (n, height, width, 3), RGB, 0..255
    labels: int64 (n,), 0..classes-1
    class_names: one for each class, from the data
    examples: str (n,), what the source calls each: its number in an archive, its path in a folder
    origin: where they came from, in words
    """

    pixels: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    examples: np.ndarray
    origin: str

    def __len__(self) -> int:
        return len(self.labels)

    def describe(self) -> str:
        """Such as "cells.npz: 13,759 images of 8 classes, 96 x 96 pixels"."""
        height, width = self.size
        return f"{self.origin}: {len(self):,} images of {len(self.class_names)} classes, {width} x {height} pixels"

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[1], self.pixels.shape[2]

    @property
    def class_counts(self) -> np.ndarray:
        """int64 (classes,): images of each class."""
        return np.bincount(self.labels, minlength=len(self.class_names))

    @property
    def one_hot(self) -> np.ndarray:
        """float32 (n, classes): 1 at each image's class, 0 elsewhere."""
        return np.eye(len(self.class_names), dtype=np.float32)[self.labels]

    def take(self, indices: np.ndarray) -> "Images":
        """The images at `indices`, in that order."""
        return replace(self, pixels=self.pixels[indices], labels=self.labels[indices], examples=self.examples[indices])

    def with_classes(self, class_names: tuple[str, ...]) -> "Images":
        """The same images with their classes numbered as in `class_names`.

        Raises InputError where the classes are others, naming those that differ.
        """
        if set(self.class_names) != set(class_names):
            lacking = ", ".join(name for name in class_names if name not in self.class_names)
            unknown = ", ".join(name for name in self.class_names if name not in class_names)
            raise InputError(
                f"{self.origin}: expected the classes {', '.join(class_names)}"
                + (f"; it lacks {lacking}" if lacking else "")
                + (f"; unknown are {unknown}" if unknown else "")
            )
        numbers = np.array([class_names.index(name) for name in self.class_names], np.int64)
        return replace(self, labels=numbers[self.labels], class_names=class_names)

    @cached_property
    def digests(self) -> list[bytes]:
        """The SHA-256 of each image's pixels: equal for exact copies, and for nothing else."""
        return [hashlib.sha256(image.tobytes()).digest() for image in self.pixels]

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of all that a result can depend on: pixels, labels, class names, their order."""
        digest = hashlib.sha256(repr((self.pixels.shape, self.class_names)).encode())
        digest.update(b"".join(self.digests))
        digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()


def checked(
    pixels: np.ndarray,
    labels: np.ndarray,
    origin: str,
    class_names: Sequence[str] | None = None,
    examples: Sequence[str] | None = None,
) -> Images:
    """Images from arrays as users have them.

    pixels: uint8 (n, h, w, 3) in 0..255, or floats that are certain to span 0..1.
    labels: integers (n,) or (n, 1), or one-hot (n, classes). Class names default to the label numbers.
    Raises InputError for any other rank, type or range, for negative or missing labels, or counts that differ.
    """
    pixels = _checked_pixels(pixels, origin)
    labels, classes = _checked_labels(labels, origin)
    if len(pixels) != len(labels):
        raise InputError(f"{origin}: {len(pixels)} images but {len(labels)} labels; expected one label an image")
    if len(pixels) == 0:
        raise InputError(f"{origin}: no images; expected some of each class")
    if classes > len(labels):
        raise InputError(f"{origin}: label {classes - 1} but {len(labels)} images; expected classes numbered from 0")
    names = tuple(class_names) if class_names is not None else tuple(map(str, range(classes)))
    if classes > len(names):
        raise InputError(f"{origin}: label {classes - 1} has no name; expected labels below {len(names)}")
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise InputError(f"{origin}: the class name {repeated[0]} more than once; expected a name of its own for each")
    if len(names) < 2:
        raise InputError(f"{origin}: a single class, {names[0]}; expected two or more to tell apart")
    numbers = examples if examples is not None else list(map(str, range(len(labels))))
    return Images(pixels, labels, names, np.asarray(numbers), origin)


def _checked_pixels(pixels: np.ndarray, origin: str) -> np.ndarray:
    if pixels.ndim != 4 or pixels.shape[-1] != 3:
        raise InputError(f"{origin}: images of shape {pixels.shape}; expected (n, height, width, 3), RGB")
    if pixels.dtype == np.uint8:
        return pixels
    wanted = "expected uint8 0..255, or floats 0..1"
    if not np.issubdtype(pixels.dtype, np.floating):
        raise InputError(f"{origin}: images of type {pixels.dtype}; {wanted}; save them as uint8")
    low, high = float(pixels.min(initial=np.inf)), float(pixels.max(initial=-np.inf))
    # Floats are taken as shares of full brightness only if they look like nothing else: within 0..1, something
    # brighter than half, something between black and full. Nearly black 0..255 images would fail the second.
    if not (low >= 0 and 0.5 < high <= 1 and np.any((pixels > 0) & (pixels < 1))):
        raise InputError(f"{origin}: {pixels.dtype} images from {low:g} to {high:g}; {wanted}; save them as uint8")
    return np.stack([np.rint(image * 255).astype(np.uint8) for image in pixels])


def _checked_labels(labels: np.ndarray, origin: str) -> tuple[np.ndarray, int]:
    """Flat labels, and how many classes they speak of: one-hot labels also of those that no image has."""
    wanted = "expected integers of shape (n,) or (n, 1), or one-hot (n, classes)"
    if labels.ndim == 2 and labels.shape[1] > 1:
        if not (np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all()):
            raise InputError(f"{origin}: labels of shape {labels.shape} that are not one-hot; {wanted}")
        return labels.argmax(axis=1).astype(np.int64), labels.shape[1]
    if labels.ndim not in (1, 2):
        raise InputError(f"{origin}: labels of shape {labels.shape}; {wanted}")
    if not np.issubdtype(labels.dtype, np.integer):
        raise InputError(f"{origin}: labels of type {labels.dtype}; {wanted}")
    labels = labels.reshape(-1)
    if len(labels) and labels.min() < 0:
        raise InputError(f"{origin}: label {labels.min()} at position {labels.argmin()}; expected 0 or more")
    if len(labels) and labels.max() > np.iinfo(np.int64).max:
        raise InputError(f"{origin}: label {labels.max()}; expected classes numbered from 0")
    labels = labels.astype(np.int64)
    return labels, int(labels.max(initial=-1)) + 1
