"""Fingerprints: equal for what gives the same result, different for what may not."""

import pytest

from bloodcells.config import fingerprint as module
from bloodcells.config.fingerprint import fingerprint
from tests.conftest import composed


def test_the_config_hash_changes_with_every_setting_but_tracking_and_filing() -> None:
    base = fingerprint(composed(), "x").config
    assert fingerprint(composed(), "x").config == base
    for override in ("tracking=off", "study=a", "label=a", "step=1", "follows=1", "scale=report"):
        assert fingerprint(composed(override), "x").config == base
    for override in ("seed=1", "unfreeze=3", "loss.gamma=1", "training.batch_norm=train", "augmentation=none"):
        assert fingerprint(composed(override), "x").config != base


def test_paths_do_not_count_and_are_found_from_any_folder(monkeypatch, tmp_path) -> None:
    options = ("data=npz", "backbone=mobilenetv2", "data.path=cells.npz", "backbone.weights=weights.h5")
    monkeypatch.chdir(tmp_path)
    first = composed(*options)
    assert (first.data.path, first.backbone.weights) == (f"{tmp_path}/cells.npz", f"{tmp_path}/weights.h5")
    monkeypatch.chdir(tmp_path.parent)
    assert fingerprint(composed(*options), "x").config == fingerprint(first, "x").config
    assert composed("backbone=mobilenetv2", "backbone.weights=imagenet").backbone.weights == "imagenet"


def test_code_and_commit_are_hexadecimal_and_the_data_hash_is_passed_on() -> None:
    found = fingerprint(composed(), "data's hash")
    assert found.data == "data's hash"
    assert len(bytes.fromhex(found.code)) == 32
    assert found.commit == "unknown" or len(bytes.fromhex(found.commit)) == 20


def test_the_hash_of_the_weights_is_that_of_their_file(tmp_path) -> None:
    file = tmp_path / "weights.h5"
    file.write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert fingerprint(composed(), "x", file).weights == expected
    assert fingerprint(composed(), "x").weights == "none"


def test_outside_a_repository_the_commit_is_unknown(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no git there
    found = fingerprint(composed(), "x")
    assert (found.commit, found.dirty) == ("unknown", False)


@pytest.mark.parametrize(("changed", "dirty"), [("M bloodcells/train.py", True), ("", False)])
def test_a_checkout_with_changed_sources_is_dirty(monkeypatch, changed, dirty) -> None:
    monkeypatch.setattr(module, "_git", lambda command, *_: changed if command == "status" else "c0ffee")
    found = fingerprint(composed(), "x")
    assert (found.commit, found.dirty) == ("c0ffee", dirty)
