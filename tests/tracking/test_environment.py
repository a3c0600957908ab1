"""The machine as it is put on record."""

import pytest

from bloodcells.tracking.environment import machine


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
