"""Labeled images in memory, with the checks for arrays from any data source."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bloodcells.config.errors import InputError


@dataclass(frozen=True)
class Images:
    """n labeled images.

    pixels: uint8 (n, height, width, 3), RGB, 0..255
    labels: int64 (n,), 0..classes-1
    class_names: one per class
    examples: str (n,), the name of each image in its source: its number in an archive, its path in a folder
    origin: the source, for messages
    remarks: what the user should know about how they were read
    """

    pixels: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    examples: np.ndarray
    origin: str
    remarks: tuple[str, ...] = ()

    @classmethod
    def from_arrays(
        cls,
        pixels: np.ndarray,
        labels: np.ndarray,
        *,
        origin: str,
        class_names: Sequence[str] | None = None,
        examples: Sequence[str] | None = None,
        remarks: Sequence[str] = (),
    ) -> "Images":
        """Builds images from arrays in any of the usual forms.

        pixels: uint8 (n, h, w, 3) in 0..255, or floats that are clearly in 0..1
        labels: whole numbers (n,) or (n, 1), counted from 0 or from 1; or one-hot (n, classes)
        class_names: default to the label numbers; examples: default to the positions 0..n-1
        Raises InputError for any other shape, type or range, and if labels are negative, missing or too many.
        """
        pixels = to_uint8(pixels, origin)
        labels, classes, first = _to_class_numbers(labels, origin, named=len(class_names) if class_names else None)
        if first:
            remarks = [*remarks, "labels counted from 1"]
        elif class_names and len(labels) and labels.min() > 0:
            remarks = [*remarks, "labels counted from 0, though none is 0"]
        if len(pixels) != len(labels):
            raise InputError(f"{origin}: {len(pixels)} images but {len(labels)} labels; expected one label per image")
        if len(pixels) == 0:
            raise InputError(f"{origin}: no images; expected some of each class")
        if classes > len(labels):
            raise InputError(
                f"{origin}: label {classes - 1} but {len(labels)} images; expected classes numbered from 0"
            )
        names = tuple(map(str, range(first, first + classes))) if class_names is None else tuple(class_names)
        if classes > len(names):
            raise InputError(f"{origin}: label {classes - 1} has no name; expected labels below {len(names)}")
        if repeated := [name for name, count in Counter(names).items() if count > 1]:
            raise InputError(f"{origin}: class name {repeated[0]} occurs more than once; expected unique class names")
        if len(names) < 2:
            raise InputError(f"{origin}: only one class, {names[0]}; expected two or more")
        numbers = examples if examples is not None else list(map(str, range(len(labels))))
        return cls(pixels, labels, names, np.asarray(numbers), origin, tuple(remarks))

    def __len__(self) -> int:
        return len(self.labels)

    def describe(self) -> str:
        """One line, such as "cells.npz: 13,759 images of 8 classes, 96 x 96 pixels"."""
        height, width = self.size
        text = f"{self.origin}: {len(self):,} images of {len(self.class_names)} classes, {width} x {height} pixels"
        return "; ".join((text, *self.remarks))

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[1], self.pixels.shape[2]

    @property
    def class_counts(self) -> np.ndarray:
        """int64 (classes,): number of images of each class."""
        return np.bincount(self.labels, minlength=len(self.class_names))

    @property
    def one_hot(self) -> np.ndarray:
        """float32 (n, classes): one-hot labels."""
        return np.eye(len(self.class_names), dtype=np.float32)[self.labels]

    def take(self, indices: np.ndarray) -> "Images":
        """The images at `indices`, in that order."""
        return replace(self, pixels=self.pixels[indices], labels=self.labels[indices], examples=self.examples[indices])

    def with_classes(self, class_names: tuple[str, ...]) -> "Images":
        """The same images with classes numbered as in `class_names`; a remark names those without images.

        Raises InputError for classes that are not among `class_names`.
        """
        if unknown := [name for name in self.class_names if name not in class_names]:
            raise InputError(f"{self.origin}: class {', '.join(unknown)}; expected only {', '.join(class_names)}")
        numbers = np.array([class_names.index(name) for name in self.class_names], np.int64)
        labels = numbers[self.labels]
        absent = [name for number, name in enumerate(class_names) if number not in set(labels.tolist())]
        remarks = (*self.remarks, f"no images of {', '.join(absent)}") if absent else self.remarks
        return replace(self, labels=labels, class_names=class_names, remarks=remarks)

    @cached_property
    def digests(self) -> list[bytes]:
        """SHA-256 of each image's pixels: equal only for exact copies."""
        return [hashlib.sha256(image.tobytes()).digest() for image in self.pixels]

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of pixels, labels and class names, in order: everything that a result can depend on."""
        digest = hashlib.sha256(repr((self.pixels.shape, self.class_names)).encode())
        digest.update(b"".join(self.digests))
        digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()


def to_uint8(pixels: np.ndarray, origin: str) -> np.ndarray:
    """Images as `Images.from_arrays` accepts them, as uint8 (n, h, w, 3). Raises InputError for any others."""
    if pixels.ndim != 4 or pixels.shape[-1] != 3:
        raise InputError(f"{origin}: images of shape {pixels.shape}; expected (n, height, width, 3), RGB")
    if pixels.dtype == np.uint8:
        return pixels
    expected = "expected uint8 in 0..255, or floats in 0..1; save them as uint8"
    if not np.issubdtype(pixels.dtype, np.floating):
        raise InputError(f"{origin}: images of type {pixels.dtype}; {expected}")
    low, high = float(pixels.min(initial=np.inf)), float(pixels.max(initial=-np.inf))
    # Accepted only if clearly in 0..1: none outside, some above 0.5, and some strictly between 0 and 1. An almost black
    # image in 0..255 fails the last condition.
    if not (low >= 0 and 0.5 < high <= 1 and np.any((pixels > 0) & (pixels < 1))):
        raise InputError(f"{origin}: {pixels.dtype} images from {low:g} to {high:g}; {expected}")
    return np.stack([np.rint(image * 255).astype(np.uint8) for image in pixels])


def _to_class_numbers(labels: np.ndarray, origin: str, named: int | None) -> tuple[np.ndarray, int, int]:
    """int64 (n,) from 0, the number of classes, and the number that labels are counted from: 0 or 1.

    named: number of class names, None without any; with one-hot labels, classes without images count too
    """
    expected = "expected whole numbers of shape (n,) or (n, 1), or one-hot (n, classes)"
    if labels.ndim == 2 and labels.shape[1] > 1:
        if not (np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all()):
            raise InputError(f"{origin}: labels of shape {labels.shape} that are not one-hot; {expected}")
        return labels.argmax(axis=1).astype(np.int64), labels.shape[1], 0
    if labels.ndim not in (1, 2):
        raise InputError(f"{origin}: labels of shape {labels.shape}; {expected}")
    if labels.dtype.kind == "f" and np.all(labels == np.rint(labels)) and np.all(np.abs(labels) < 2**53):
        labels = labels.astype(np.int64)
    if not np.issubdtype(labels.dtype, np.integer):
        raise InputError(f"{origin}: labels of type {labels.dtype}; {expected}")
    labels = labels.reshape(-1)
    if len(labels) and labels.min() < 0:
        raise InputError(f"{origin}: label {labels.min()} at position {labels.argmin()}; expected 0 or more")
    if len(labels) and labels.max() > np.iinfo(np.int64).max:
        raise InputError(f"{origin}: label {labels.max()}; expected classes numbered from 0")
    labels = labels.astype(np.int64)
    classes = int(labels.max(initial=-1)) + 1
    # With names, only if the last class had none otherwise: the images may be some of the classes.
    first = int(len(labels) > 0 and labels.min() == 1 and named in (None, classes - 1))
    return labels - first, classes - first, first
