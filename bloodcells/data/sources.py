"""Data sources: the options of conf/data/.

Loaders are imported when data is loaded, to keep the import of this module fast.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bloodcells.config.options import option
from bloodcells.config.schema.data import Data, StoredData
from bloodcells.config.schema.ranges import within
from bloodcells.data.images import Images


@option("data", "npz")
@dataclass
class NpzData(StoredData):
    """An archive of NumPy arrays; resize: the side in pixels to which all images are resized, None: as they are."""

    resize: int | None = within("[16, 1024]")

    def load(self) -> Images:
        from bloodcells.data.npz import load_npz

        return load_npz(self.path, self.resize)


@option("data", "folder")
@dataclass
class FolderData(StoredData):
    """A folder of image files, with one subfolder per class; resize: as for NpzData, needed for mixed sizes."""

    resize: int | None = within("[16, 1024]")

    def load(self) -> Images:
        from bloodcells.data.folder import load_folder

        return load_folder(self.path, self.resize)


@option("data", "synthetic")
@dataclass
class SyntheticData(Data):
    """Drawn cells: `images` of them, each of `image_size` x `image_size` pixels."""

    images: int = within("[200, inf)")
    image_size: int = within("[32, 512]")
    seed: int = within("[0, inf)")

    def load(self) -> Images:
        from bloodcells.data.synthetic import draw_cells

        return draw_cells(self.images, self.image_size, self.seed)

    def files(self) -> Sequence[Path] | None:
        return []


@option("data", "own")
@dataclass
class OwnData(Data):
    """The images that a finished run was trained on; for `bloodcells.evaluate`, which reads them from the run."""
