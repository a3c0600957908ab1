"""The machine as recorded with a run."""

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
def test_onednn_follows_the_environment(monkeypatch, variables, expected) -> None:
    for name in ("TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert machine(1)["onednn"] == expected


def test_settings_that_prevent_repetition_are_listed() -> None:
    assert unrepeatable(composed("augmentation=extended"), gpus=False) == []
    assert unrepeatable(composed("training.deterministic=false"), gpus=False) == []  # a processor is deterministic
    assert unrepeatable(composed(), gpus=True) == []
    (line,) = unrepeatable(composed("training.deterministic=false"), gpus=True)
    assert line.startswith("training.deterministic=false: ")
    (line,) = unrepeatable(composed("augmentation=randaugment_kerascv"), gpus=False)
    assert line.startswith("augmentation.randaugment_kerascv: ")
    assert "repeated runs differ" in line
