"""The place a written model is put at, whole or not at all."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bloodcells.config.errors import InputError
from bloodcells.config.schema import ExportConfig
from bloodcells.deployment.formats import SUFFIX
from bloodcells.tracking.stored import StoredRun


def file_name(config: ExportConfig, run: StoredRun) -> str:
    """Such as "mobilenetv2_dense_b2d4f0cf.zip", or "..._tta.zip" with test-time augmentation."""
    params = run.run.data.params
    parts = [params["backbone"], params["head"], run.id[:8], *(["tta"] if config.test_time_augmentation else [])]
    return "_".join(parts) + SUFFIX[config.format]


@contextmanager
def workshop(output: str) -> Iterator[Path]:
    """A hidden folder in `output`, which is made if it is not there, to write in; gone afterwards.

    Raises InputError for an `output` that cannot be written to.
    """
    try:
        Path(output).mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=output, prefix=".export-")
    except OSError as error:
        raise InputError(f"output={output}: expected a folder that can be written to ({error})") from error
    with folder as name:
        yield Path(name)


def put(written: Path, place: Path) -> None:
    """Moves what was written, in the workshop beside it, to `place`; what was there before is replaced."""
    if place.exists() and (place.is_dir() or written.is_dir()):  # a folder is not replaced in one step
        place.rename(written.with_name("before"))
    written.replace(place)


def megabytes(place: Path) -> float:
    """The size of a file, or of all files in a folder, in MB of a million bytes."""
    return sum(file.stat().st_size for file in (place, *place.rglob("*")) if file.is_file()) / 1e6
