"""The folder that a comparison is written to."""

from collections.abc import Mapping
from pathlib import Path

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, ReportConfig, ServerTracking
from bloodcells.reporting.files import write_all
from bloodcells.reporting.page import RenderedFigure


def folder_of(config: ReportConfig) -> Path:
    """`output`, or the folder of the study, or without one of the experiment, among the checkout's experiments."""
    if config.output is not None:
        return Path(config.output).resolve()
    tracking = config.tracking
    experiment = tracking.experiment if isinstance(tracking, LocalTracking | ServerTracking) else tracking.name
    return CHECKOUT / "experiments" / (config.study or experiment)


def write(folder: Path, texts: Mapping[str, str], pictures: Mapping[str, RenderedFigure]) -> None:
    """Writes files under their names, all aside before the first is put in place; others in the folder stay.

    Raises InputError where that cannot be done.
    """
    try:
        write_all(folder, {**texts, **{name: picture.png for name, picture in pictures.items()}})
    except OSError as error:
        raise InputError(f"output={folder}: cannot be written to ({error}); expected a folder of yours") from error
