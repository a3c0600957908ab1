"""The images that a config's data group names."""

from typing import cast

from bloodcells.config.schema import Data, StoredData, SyntheticData
from bloodcells.data.folder import load_folder
from bloodcells.data.images import Images
from bloodcells.data.npz import load_npz
from bloodcells.data.synthetic import draw_cells


def load(config: Data) -> Images:
    """Reads or draws the images. Raises InputError, naming the file and what was expected of it."""
    match config.name:
        case "npz":
            return load_npz(cast(StoredData, config).path)
        case "folder":
            return load_folder(cast(StoredData, config).path)
        case _:
            synthetic = cast(SyntheticData, config)
            return draw_cells(synthetic.images, synthetic.image_size, synthetic.seed)
