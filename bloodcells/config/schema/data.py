"""Where images come from, how they are cleaned and split: conf/data/."""

import os
from dataclasses import dataclass

from bloodcells.config.errors import InputError
from bloodcells.config.options import option
from bloodcells.config.schema.ranges import within


@dataclass
class Clean:
    """What leaves the images: a picture that occurs `repeats` times or more is no cell; of exact copies all but one."""

    enabled: bool
    repeats: int = within("[2, inf)")


@dataclass
class Split:
    """Shares of the cleaned images."""

    test_share: float = within("(0, 1)")
    validation_share: float = within("(0, 1)")
    seed: int = within("[0, inf)")

    def check(self) -> None:
        if self.test_share + self.validation_share >= 1:
            raise InputError(
                f"data.split: test_share {self.test_share} and validation_share {self.validation_share} leave nothing "
                "to train on: expected a sum below 1"
            )


@option("data", "own")
@dataclass
class Data:
    """What every source of images has; `split` None where they are scored whole."""

    name: str
    clean: Clean
    split: Split | None


@option("data", "folder")
@option("data", "npz")
@dataclass
class StoredData(Data):
    """Images on disk: an archive or a folder."""

    path: str

    def __post_init__(self) -> None:
        self.path = os.path.abspath(self.path)  # so that a finished run's data are found from any folder


@option("data", "synthetic")
@dataclass
class SyntheticData(Data):
    """Drawn cells: how many, how many pixels a side, from which seed."""

    images: int = within("[200, inf)")
    image_size: int = within("[32, 512]")
    seed: int = within("[0, inf)")
