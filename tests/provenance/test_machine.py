"""The machine as recorded with a run."""

from bloodcells.provenance.machine import machine, unrepeatable
from tests.conftest import composed


def test_variables_that_change_arithmetic_are_recorded(monkeypatch) -> None:
    before = machine(1)["variables"]
    for name, value in {"XLA_FLAGS": "--a=b", "ONEDNN_MAX_CPU_ISA": "AVX2", "OPENBLAS_NUM_THREADS": "1"}.items():
        monkeypatch.setenv(name, value)
    assert machine(1)["variables"] == sorted({*before, "ONEDNN_MAX_CPU_ISA=AVX2", "XLA_FLAGS=--a=b"})


def test_settings_that_prevent_repetition_are_listed() -> None:
    assert unrepeatable(composed("augmentation=extended"), gpus=False) == []
    assert unrepeatable(composed("training.deterministic=false"), gpus=False) == []  # a processor is deterministic
    assert unrepeatable(composed(), gpus=True) == []
    (line,) = unrepeatable(composed("training.deterministic=false"), gpus=True)
    assert line.startswith("training.deterministic=false: ")
    (line,) = unrepeatable(composed("augmentation=randaugment_kerascv"), gpus=False)
    assert line.startswith("augmentation.randaugment_kerascv: ")
    assert "repeated runs differ" in line
