"""What decides whether two jobs of a sweep can share phase 1."""

from dataclasses import replace

import pytest

from bloodcells.provenance.fingerprint import Fingerprint
from bloodcells.runs.phase_1 import phase_1_identity
from tests.conftest import composed

FINGERPRINT = Fingerprint("d" * 64, "c" * 64, "e" * 64, "f" * 64, "none", "abc", False)


@pytest.mark.parametrize(
    ("override", "shared"),
    [
        ("unfreeze=3", True),
        ("unfreeze=[1,all]", True),
        ("training.fine_tuning.epochs=0", True),
        ("schedule@training.fine_tuning.schedule=constant", True),
        ("training.batch_norm=train", True),
        ("evaluation=grid", True),
        ("evaluation=clean", True),
        ("metric=cohen_kappa", True),
        ("evaluation.resamples=500", True),
        ("study=other", True),
        ("tracking.experiment=other", True),
        ("tracking.directory=elsewhere", True),
        ("seed=1", False),
        ("loss=crossentropy", False),
        ("optimizer.weight_decay=0.5", False),
        ("augmentation=none", False),
        ("head=linear", False),
        ("backbone.input_size=64", False),
        ("training.feature_extraction.epochs=3", False),
        ("training.feature_extraction.schedule.factor=0.7", False),
        ("training.batch_size=8", False),
        ("training.precision=mixed_float16", False),
        ("training.threads=3", False),
        ("data.split.seed=5", False),
        ("training.monitor=clean", False),
        ("evaluation.chains.length=3", False),  # validates every epoch, monitored or not
        ("evaluation.chains.strength=0.5", False),
    ],
)
def test_what_phase_1_depends_on(override, shared) -> None:
    base, other = (phase_1_identity(composed(*given), FINGERPRINT) for given in ([], [override]))
    assert (base == other) is shared


@pytest.mark.parametrize("changed", ["data", "code", "packages", "weights"])
def test_phase_1_depends_on_data_code_packages_and_initial_weights(changed) -> None:
    base, other = (
        phase_1_identity(composed(), fingerprint)
        for fingerprint in (FINGERPRINT, replace(FINGERPRINT, **{changed: "other"}))
    )
    assert base != other
