"""A stored model that was damaged is an error of one line."""

import shutil
from collections.abc import Callable

import pytest

from bloodcells.config.errors import InputError
from bloodcells.runs.result import stored_model
from bloodcells.tracking.find import find_run
from tests.conftest import composed


def flipped(content: bytes) -> bytes:
    """The content with one byte changed in the middle, where the weights are."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-1000], lambda _: b"", flipped], ids=["truncated", "empty", "flipped"]
)
def test_a_damaged_model_is_one_line(trained_run, tmp_path, damage: Callable[[bytes], bytes]) -> None:
    shutil.copytree(trained_run.folder / "mlruns", tmp_path / "mlruns")
    run = find_run(composed(f"tracking.directory={tmp_path}/mlruns").tracking, trained_run.run.id)
    file = run.model_folder / "data/model.keras"
    stored_model(run)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(InputError, match="its model cannot be read") as error:
        stored_model(run)
    assert "\n" not in str(error.value)
