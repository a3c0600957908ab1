"""The folder that a comparison is written to."""

from collections.abc import Mapping
from pathlib import Path

from bloodcells.config.command import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, ReportConfig, ServerTracking
from bloodcells.page.page import Picture


def folder_of(config: ReportConfig) -> Path:
    """`output`, or the folder of the study, or without one of the experiment, among the checkout's experiments."""
    if config.output is not None:
        return Path(config.output).resolve()
    tracking = config.tracking
    experiment = tracking.experiment if isinstance(tracking, LocalTracking | ServerTracking) else tracking.name
    return CHECKOUT / "experiments" / (config.study or experiment)


def write(folder: Path, texts: Mapping[str, str], pictures: Mapping[str, Picture]) -> None:
    """Writes files under their names; others in the folder stay. Raises InputError where that cannot be done."""
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        for name, picture in pictures.items():
            (folder / name).write_bytes(picture.png)
    except OSError as error:
        raise InputError(f"output={folder}: cannot be written to ({error}); expected a folder of yours") from error
