"""The machine as it is put on record."""

import pytest

from bloodcells.provenance.machine import machine, unrepeatable
from tests.conftest import composed


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "on"),
        ({"TF_ENABLE_ONEDNN_OPTS": "1"}, "on"),
        ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "off"),
        ({"TF_ENABLE_ONEDNN_OPTS": "False"}, "off"),
        ({"ONEDNN_MAX_CPU_ISA": "AVX2"}, "up to AVX2"),
    ],
)
def test_how_onednn_is_used_follows_from_its_variables(monkeypatch, variables, expected) -> None:
    for name in ("TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert machine(1)["onednn"] == expected


def test_what_cannot_come_out_the_same_is_told() -> None:
    assert unrepeatable(composed("augmentation=extended"), gpus=False) == []
    assert unrepeatable(composed("training.deterministic=false"), gpus=False) == []  # on a processor it does
    assert unrepeatable(composed(), gpus=True) == []
    (line,) = unrepeatable(composed("training.deterministic=false"), gpus=True)
    assert line.startswith("training.deterministic=false: ")
    (line,) = unrepeatable(composed("augmentation=randaugment_kerascv"), gpus=False)
    assert "no two runs with it are equal" in line
