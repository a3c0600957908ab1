"""Fingerprints: equal for what gives the same result, different for what may not."""

import shutil
import subprocess
import sys

import pytest

from bloodcells.config.checkout import CHECKOUT
from bloodcells.provenance import fingerprint as module
from bloodcells.provenance.fingerprint import CODE, config_hash, fingerprint
from tests.conftest import TINY, composed


def test_the_config_hash_changes_with_every_setting_but_tracking_and_filing() -> None:
    base = fingerprint(composed(), "x").config
    assert fingerprint(composed(), "x").config == base
    for override in ("tracking=off", "study=a", "label=a", "step=1", "follows=1", "scale=report"):
        assert fingerprint(composed(override), "x").config == base
    for override in ("seed=1", "unfreeze=3", "loss.gamma=1", "training.batch_norm=train", "augmentation=none"):
        assert fingerprint(composed(override), "x").config != base


def test_a_hash_of_some_settings_leaves_out_what_it_is_told_to() -> None:
    parts = ("unfreeze", "training.fine_tuning")
    base = config_hash(composed(), *parts)
    assert base != config_hash(composed())
    assert base == config_hash(composed("unfreeze=3", "training.fine_tuning.epochs=1"), *parts)
    assert base != config_hash(composed("training.feature_extraction.epochs=1"), *parts)


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


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A copy of the sources, in place of the checkout."""
    shutil.copytree(CHECKOUT / "bloodcells", tmp_path / "bloodcells")
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    monkeypatch.setattr(module, "CHECKOUT", tmp_path)
    return tmp_path


def test_a_changed_report_leaves_the_code_of_a_training_what_it_was(checkout) -> None:
    config = composed()

    def code_after_change(file: str) -> str:
        (checkout / "bloodcells" / file).write_text("changed = True")
        return fingerprint(config, "x").code

    code = fingerprint(config, "x").code
    for file in ("comparison/rows.py", "benchmark/new.py", "report.py", "reporting/page.py"):
        assert code_after_change(file) == code, file
    found = {code}
    for file in (
        "runs/train.py",
        "config/schema/data.py",
        "model/build.py",
        "training/new.py",
        "evaluation/shift/blur.py",
    ):
        found.add(code_after_change(file))
    assert len(found) == 6


def test_all_that_a_training_imports_of_bloodcells_is_in_its_code(tmp_path) -> None:
    overrides = [*TINY, f"tracking.directory={tmp_path}"]
    tell = "print(*(module.__file__ for name, module in sys.modules.items() if name.startswith('bloodcells.')))"
    program = f"import sys; from bloodcells.train import main; main(); {tell}"
    done = subprocess.run([sys.executable, "-c", program, *overrides], cwd=CHECKOUT, capture_output=True, text=True)
    imported = [file.removeprefix(f"{CHECKOUT}/") for file in done.stdout.splitlines()[-1].split()]
    assert "bloodcells/training/fit.py" in imported, done.stderr
    covered = tuple(place if place.endswith(".py") else f"{place}/" for place in CODE)
    # A page shows numbers that are there, in a browser or the terminal; a sweep has the program called for each job.
    covered += ("bloodcells/reporting/", "bloodcells/sweep/", "bloodcells/train.py")
    assert [file for file in imported if not file.startswith(covered)] == []


def test_packages_that_bloodcells_does_not_require_do_not_count(checkout) -> None:
    def requiring(lines: str) -> str:
        (checkout / "pyproject.toml").write_text(f"[project]\ndependencies = [{lines}]")
        return fingerprint(composed(), "x").packages

    assert requiring('"pandas"') == requiring('"pandas", "numpy"')  # which pandas requires itself
    assert requiring('"pandas"') != requiring('"pandas", "ruff"')
    assert requiring('"pandas", "not-installed"') == requiring('"pandas"')
