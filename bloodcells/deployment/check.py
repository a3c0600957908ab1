"""What a written model answers in a fresh process, held against what it should."""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Format
from bloodcells.deployment.libraries import libraries

TENSORFLOW = ("tensorflow", "keras", "numpy")
USERS_HAVE = {
    Format.codabench: TENSORFLOW,
    Format.keras: TENSORFLOW,
    Format.savedmodel: TENSORFLOW,
    Format.onnx: ("onnxruntime", "numpy"),
}
# The most that a probability may differ by: rounding, for ONNX Runtime computes in an order of its own.
TOLERANCE = {Format.codabench: 1e-5, Format.keras: 1e-5, Format.savedmodel: 1e-5, Format.onnx: 1e-3}


@dataclass(frozen=True)
class Answers:
    """labels: int64 (n,); probabilities: float32 (n, classes), or None where labels are all it gives."""

    labels: np.ndarray
    probabilities: np.ndarray | None
    seconds_per_image: float


@dataclass(frozen=True)
class Agreement:
    """Of how many images, how many labels were equal; the largest difference of a probability."""

    images: int
    equal: int
    largest: float | None

    def describe(self) -> str:
        """Such as "598 of 598 labels equal, the largest difference of a probability 3.0e-08"."""
        said = f"{self.equal:,} of {self.images:,} labels equal"
        return said if self.largest is None else f"{said}, the largest difference of a probability {self.largest:.1e}"


def fresh_answers(format: Format, written: Path, pixels: np.ndarray) -> Answers:
    """The answers for uint8 (n, h, w, 3) of what was `written`, copied or unpacked into an empty folder.

    They come from a process that finds only what its user has. Raises InputError if that fails.
    """
    found = libraries(*USERS_HAVE[format])
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as exchange:
        images, answers = Path(exchange, "images.npy"), Path(exchange, "answers.npz")
        np.save(images, pixels)
        order = {
            "format": format.value,
            "written": str(_brought(format, written, Path(empty))),
            "modules": found.modules,
            "folders": found.folders,
            "images": str(images),
            "answers": str(answers),
        }
        command = [sys.executable, "-I", str(Path(__file__).with_name("fresh.py")), json.dumps(order)]
        process = subprocess.run(command, cwd=empty, capture_output=True, text=True)
        if process.returncode != 0:
            reason = (process.stderr.strip().splitlines() or [f"exit status {process.returncode}"])[-1]
            raise InputError(
                f"format={format.value}: not written, for what was made does not run in a process that has only "
                f"{', '.join(USERS_HAVE[format])}: {reason}"
            )
        with np.load(answers) as archive:
            given, seconds = archive["answers"], float(archive["seconds"])
    labels, probabilities = (given, None) if format is Format.codabench else (given.argmax(axis=1), given)
    return Answers(labels, probabilities, seconds / len(pixels))


def agreement(
    what: str, expected: np.ndarray, labels: np.ndarray, probabilities: np.ndarray | None, tolerance: float
) -> Agreement:
    """How far answers agree with `expected`, probabilities (n, classes).

    A label may differ only where the two largest expected probabilities are within `tolerance` of each other.
    Raises InputError, which begins with `what`, where another differs, or a probability by more than that.
    """
    if labels.shape != expected.shape[:1]:
        raise InputError(f"{what}: labels of shape {labels.shape}; expected {expected.shape[:1]}")
    equal = labels == expected.argmax(axis=1)
    second, first = np.sort(expected, axis=1)[:, -2:].T
    if wrong := int((~equal & (first - second > tolerance)).sum()):
        raise InputError(f"{what}: {wrong} of {len(labels)} labels differ; expected none to, but for ties")
    largest = None if probabilities is None else float(np.abs(probabilities - expected).max())
    if largest is not None and not largest <= tolerance:
        raise InputError(f"{what}: a probability differs by {largest:.1e}; expected {tolerance:.0e} or less")
    return Agreement(len(labels), int(equal.sum()), largest)


def _brought(format: Format, written: Path, empty: Path) -> Path:
    """What was written, as its user has it in an empty folder."""
    if format is Format.codabench:
        with zipfile.ZipFile(written) as archive:
            archive.extractall(empty)
        return empty
    if written.is_dir():
        return shutil.copytree(written, empty / written.name)
    return Path(shutil.copy(written, empty))
