"""File names and sizes of exports."""

from types import SimpleNamespace

import pytest

from bloodcells.config.schema import ExportConfig, Format
from bloodcells.deployment.formats import file_name, megabytes


@pytest.mark.parametrize(
    ("format", "tta", "name"),
    [
        (Format.codabench, False, "vgg19_dense_b2d4f0cf.zip"),
        (Format.savedmodel, False, "vgg19_dense_b2d4f0cf"),
        (Format.onnx, True, "vgg19_dense_b2d4f0cf_tta.onnx"),
    ],
)
def test_file_name_has_backbone_head_and_run(format, tta, name) -> None:
    run = SimpleNamespace(id="b2d4f0cf99", params={"backbone": "vgg19", "head": "dense"}, members=("itself",))
    assert file_name(ExportConfig("b2d4", format, tta, ".", None), run) == name


def test_megabytes_of_a_file_and_of_a_folder(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"0" * 1_500_000)
    (tmp_path / "c").write_bytes(b"0" * 500_000)
    assert megabytes(tmp_path) == 2
    assert megabytes(tmp_path / "c") == 0.5
