"""The base classes of data sources, cleaning and split. The sources are in bloodcells/data/sources.py."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bloodcells.config.errors import InputError
from bloodcells.config.schema.ranges import within


@dataclass
class CleanConfig:
    """Cleaning: removes images that occur `repeats` times or more, and all but one of each set of exact copies.

    near_copies: whether to look for images of the same cell, which the split keeps together
    """

    enabled: bool
    near_copies: bool
    repeats: int = within("[2, inf)")


@dataclass
class SplitConfig:
    """The shares of the cleaned images used for test and validation; the rest is for training."""

    test_share: float = within("(0, 1)")
    validation_share: float = within("(0, 1)")
    seed: int = within("[0, inf)")

    def check(self) -> None:
        if self.test_share + self.validation_share >= 1:
            raise InputError(
                f"data.split: test_share {self.test_share} and validation_share {self.validation_share} leave nothing "
                "to train on: expected a sum below 1"
            )


@dataclass
class Data:
    """A source of images, registered with `@option("data", NAME)`. Its fields are the keys of conf/data/NAME.yaml.

    split: None if the images are only scored
    """

    name: str
    clean: CleanConfig
    split: SplitConfig | None

    def load(self) -> Any:
        """All images, before cleaning, as `bloodcells.data.images.Images`.

        Must return the same images in the same order every time. Raises InputError, which names the file and what was
        expected, if they cannot be loaded.
        """
        raise NotImplementedError(f"data={self.name} cannot be loaded")

    def files(self) -> Sequence[Path] | None:
        """The files on which the images depend besides the settings; None if they depend on something else.

        Images that depend on nothing else are cached until a file changes: see bloodcells/data/cache.py.
        """
        return None


@dataclass
class StoredData(Data):
    """Images on disk. Relative paths become absolute, so that a run's data is found from any folder later."""

    path: str

    def __post_init__(self) -> None:
        self.path = os.path.abspath(self.path)

    def files(self) -> Sequence[Path] | None:
        """The file, or all files and folders below the folder."""
        path = Path(self.path)
        return [path, *sorted(path.rglob("*"))]
