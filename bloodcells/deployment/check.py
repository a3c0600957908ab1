"""Runs an exported model in a fresh process and compares its predictions with the expected ones."""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
from packaging.utils import canonicalize_name

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Format
from bloodcells.deployment.formats import RUNTIME
from bloodcells.provenance.requirements import required


@dataclass(frozen=True)
class ExportedPredictions:
    """Predictions of an exported model for n images.

    labels: int64 (n,); probabilities: float32 (n, classes), or None if the format returns labels only
    """

    labels: np.ndarray
    probabilities: np.ndarray | None
    seconds_per_image: float


def predict_in_fresh_process(format: Format, written: Path, pixels: np.ndarray) -> ExportedPredictions:
    """Predictions of the exported model for uint8 (n, h, w, 3).

    The model is copied or unpacked into an empty folder, and the process can import only the packages in RUNTIME.
    Raises InputError if the process fails.
    """
    modules, folders = importable(*RUNTIME[format])
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as exchange:
        images, predictions = Path(exchange, "images.npy"), Path(exchange, "predictions.npz")
        np.save(images, pixels)
        job = {
            "format": format.value,
            "model": str(_deployed(format, written, Path(empty))),
            "modules": modules,
            "folders": folders,
            "images": str(images),
            "predictions": str(predictions),
        }
        command = [sys.executable, "-I", str(Path(__file__).with_name("predict_isolated.py")), json.dumps(job)]
        process = subprocess.run(command, cwd=empty, capture_output=True, text=True)
        if process.returncode != 0:
            reason = (process.stderr.strip().splitlines() or [f"exit status {process.returncode}"])[-1]
            raise InputError(
                f"format={format.value}: not written, because the exported model fails in a process that has only "
                f"{', '.join(RUNTIME[format])}: {reason}"
            )
        with np.load(predictions) as archive:
            output, seconds = archive["output"], float(archive["seconds"])
    labels, probabilities = (output, None) if format is Format.codabench else (output.argmax(axis=1), output)
    return ExportedPredictions(labels, probabilities, seconds / len(pixels))


def importable(*distributions: str) -> tuple[list[str], list[str]]:
    """The modules of the distributions and of their requirements on this system, and the folders that contain them."""
    needed = required(*distributions)
    modules = [
        module
        for module, owners in packages_distributions().items()
        if any(canonicalize_name(owner) in needed for owner in owners)
    ]
    folders = dict.fromkeys(str(entry.locate_file("")) for entry in needed.values())
    return sorted(modules), list(folders)


def _deployed(format: Format, written: Path, folder: Path) -> Path:
    """Puts the exported model into `folder` as its user would, and returns its path."""
    if format is Format.codabench:
        with zipfile.ZipFile(written) as archive:
            archive.extractall(folder)
        return folder
    if written.is_dir():
        return shutil.copytree(written, folder / written.name)
    return Path(shutil.copy(written, folder))


@dataclass(frozen=True)
class Agreement:
    """Number of images, number of equal labels, and the largest difference of a probability (None without any)."""

    images: int
    equal: int
    largest: float | None

    def describe(self) -> str:
        """Such as "598 of 598 labels equal, probabilities differ by at most 3.0e-08"."""
        text = f"{self.equal:,} of {self.images:,} labels equal"
        return text if self.largest is None else f"{text}, probabilities differ by at most {self.largest:.1e}"


def check_agreement(
    name: str, expected: np.ndarray, *, labels: np.ndarray, probabilities: np.ndarray | None, tolerance: float
) -> Agreement:
    """Compares predictions with the `expected` probabilities, float (n, classes).

    name: of the model, for messages
    labels: int (n,); probabilities: float (n, classes), or None to compare labels only
    A label may differ only if the two largest expected probabilities are within `tolerance` of each other.
    Raises InputError if any other label differs, or a probability differs by more than `tolerance`.
    """
    if labels.shape != expected.shape[:1]:
        raise InputError(f"{name}: labels of shape {labels.shape}; expected {expected.shape[:1]}")
    equal = labels == expected.argmax(axis=1)
    second, first = np.sort(expected, axis=1)[:, -2:].T
    if wrong := int((~equal & (first - second > tolerance)).sum()):
        raise InputError(f"{name}: {wrong} of {len(labels)} labels differ; expected none to, except for ties")
    largest = None if probabilities is None else float(np.abs(probabilities - expected).max())
    if largest is not None and not largest <= tolerance:
        raise InputError(f"{name}: a probability differs by {largest:.1e}; expected at most {tolerance:.0e}")
    return Agreement(len(labels), int(equal.sum()), largest)
