"""The folder that a comparison is written to."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, ReportConfig, ServerTracking
from bloodcells.reporting.page import Picture


def folder_of(config: ReportConfig) -> Path:
    """`output`, or the folder of the study, or without one of the experiment, among the checkout's experiments."""
    if config.output is not None:
        return Path(config.output).resolve()
    tracking = config.tracking
    experiment = tracking.experiment if isinstance(tracking, LocalTracking | ServerTracking) else tracking.name
    return CHECKOUT / "experiments" / (config.study or experiment)


def write(folder: Path, texts: Mapping[str, str], pictures: Mapping[str, Picture]) -> None:
    """Writes files under their names, all aside before the first is put in place; others in the folder stay.

    Raises InputError where that cannot be done.
    """
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".report-") as aside:
            Path(aside, "figures").mkdir()
            for name, text in texts.items():
                Path(aside, name).write_text(text, encoding="utf-8")
            for name, picture in pictures.items():
                Path(aside, name).write_bytes(picture.png)
            if folders := [name for name in (*texts, *pictures) if (folder / name).is_dir()]:
                raise IsADirectoryError(f"{folders[0]} is a folder there")
            for name in (*texts, *pictures):
                os.replace(Path(aside, name), folder / name)
    except OSError as error:
        raise InputError(f"output={folder}: cannot be written to ({error}); expected a folder of yours") from error
