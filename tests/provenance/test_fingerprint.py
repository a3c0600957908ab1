"""Fingerprints are equal for what gives the same result and differ for what may not."""

import ast
import shutil
from itertools import chain

import pytest

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.options import MODULES
from bloodcells.provenance import fingerprint as module
from bloodcells.provenance.fingerprint import NO_NUMBERS, code_hash, config_hash, counted_files, fingerprint
from tests.conftest import composed

PACKAGE = CHECKOUT / "bloodcells"


def test_config_hash_covers_every_setting_except_tracking_and_filing() -> None:
    base = config_hash(composed())
    assert fingerprint(composed(), "x").config == base
    for override in ("tracking=off", "study=a", "label=a", "step=1", "follows=1", "stand_in_for=a", "scale=report"):
        assert config_hash(composed(override)) == base
    for override in ("seed=1", "unfreeze=3", "loss.gamma=1", "training.batch_norm=train", "augmentation=none"):
        assert config_hash(composed(override)) != base


def test_config_hash_leaves_out_the_given_settings() -> None:
    parts = ("unfreeze", "training.fine_tuning")
    base = config_hash(composed(), *parts)
    assert base != config_hash(composed())
    assert base == config_hash(composed("unfreeze=3", "training.fine_tuning.epochs=1"), *parts)
    assert base != config_hash(composed("training.feature_extraction.epochs=1"), *parts)


def test_paths_are_resolved_and_do_not_count(monkeypatch, tmp_path) -> None:
    options = ("data=npz", "backbone=mobilenetv2", "data.path=cells.npz", "backbone.weights=weights.h5")
    monkeypatch.chdir(tmp_path)
    first = composed(*options)
    assert (first.data.path, first.backbone.weights) == (f"{tmp_path}/cells.npz", f"{tmp_path}/weights.h5")
    monkeypatch.chdir(tmp_path.parent)
    assert config_hash(composed(*options)) == config_hash(first)
    assert composed("backbone=mobilenetv2", "backbone.weights=imagenet").backbone.weights == "imagenet"


def test_code_and_commit_are_hexadecimal_and_the_data_hash_is_passed_on() -> None:
    result = fingerprint(composed(), "data's hash")
    assert result.data == "data's hash"
    assert len(bytes.fromhex(result.code)) == 32
    assert result.commit == "unknown" or len(bytes.fromhex(result.commit)) == 20


def test_weights_hash_is_that_of_their_file(tmp_path) -> None:
    file = tmp_path / "weights.h5"
    file.write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert fingerprint(composed(), "x", file).weights == expected
    assert fingerprint(composed(), "x").weights == "none"


def test_commit_is_unknown_without_git(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no git there
    result = fingerprint(composed(), "x")
    assert (result.commit, result.dirty) == ("unknown", False)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A copy of the checkout's sources, which the fingerprint reads instead."""
    shutil.copytree(PACKAGE, tmp_path / "bloodcells", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    monkeypatch.setattr(module, "CHECKOUT", tmp_path)
    return tmp_path


@pytest.fixture
def small_checkout(tmp_path, monkeypatch):
    """A checkout of almost empty files, which takes no time to hash."""
    files = ("bloodcells/model/build.py", "bloodcells/reporting/page.py", "bloodcells/train.py")
    for file in (*files, "conf/train.yaml", "README.md"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("original = True\n")
    (tmp_path / "pyproject.toml").write_text("[project]\ndependencies = []")
    monkeypatch.setattr(module, "CHECKOUT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "dirty"),
    [
        ("bloodcells/model/build.py", True),
        ("bloodcells/model/mine.py", True),
        ("conf/train.yaml", True),
        ("bloodcells/reporting/page.py", False),
        ("bloodcells/train.py", False),
        ("README.md", False),
    ],
)
def test_dirty_means_uncommitted_changes_to_what_counts(small_checkout, file, dirty) -> None:
    git = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    module._git("init", "--quiet")
    module._git("add", ".")
    module._git(*git, "commit", "--quiet", "--message", "Add sources")
    clean = fingerprint(composed(), "x")
    assert len(bytes.fromhex(clean.commit)) == 20
    assert not clean.dirty
    with (small_checkout / file).open("a") as opened:
        opened.write("\nchanged = True\n")
    assert fingerprint(composed(), "x").dirty is dirty


CODE = '''"""Module."""

RATE = 0.1  # per epoch


class Scale:
    """Class."""

    def by(self, image, scale=RATE):
        """Method."""
        label = "text"
        return image * scale
'''


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        ('"""Module."""', '"""The module."""', False),
        ('"""Class."""', '"""A class.\n\n    Longer.\n    """', False),
        ('        """Method."""\n', "", False),
        ("  # per epoch", "", False),
        ("image * scale", "(image *\n            scale)", False),
        ('"text"', "'text'", False),
        ("0.1", "0.2", True),
        ('"text"', '"another"', True),
        ("image * scale", "scale * image", True),
        ("scale=RATE", "scale=None", True),
        ("return image", "return -image", True),
        ("        return image * scale", "        image * scale", True),
    ],
)
def test_code_counts_and_docstrings_comments_and_layout_do_not(small_checkout, before, after, counts) -> None:
    file = small_checkout / "bloodcells" / "model" / "mine.py"
    file.write_text(CODE)
    base = code_hash()
    assert before in CODE
    file.write_text(CODE.replace(before, after))
    assert (code_hash() != base) is counts


def test_real_modules_count_unless_they_only_store_draw_or_print(checkout) -> None:
    base = code_hash()
    hashes = {base}
    for file in sorted((checkout / "bloodcells").rglob("*.py")):
        path = file.relative_to(checkout / "bloodcells")
        if path.as_posix() in ("runs/train.py", "config/schema/data.py", "model/build.py", "training/fit.py",
                               "data/pipeline.py", "evaluation/metrics.py", "evaluation/shift/blur.py"):  # fmt: skip
            code = file.read_text()
            file.write_text(f"{code}\nchanged = True\n")
            hashes.add(code_hash())
            file.write_text(code)
    assert len(hashes) == 8
    for name in ("comparison/rows.py", "reporting/page.py", "evaluation/figures/mine.py", "report.py"):
        (checkout / "bloodcells" / name).write_text("changed = True")
    assert code_hash() == base
    (checkout / "bloodcells" / "mine.py").write_text("")  # a user's own
    assert code_hash() != base


def imported(file) -> set:
    """Files of the package that a file imports anywhere in it, with the packages they are in."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {file for name in names for file in files(name)}


def files(name: str) -> set:
    """Source files that importing a module of this package runs; none for other names."""
    parts = name.split(".")
    if parts[0] != "bloodcells":
        return set()
    places = [CHECKOUT.joinpath(*parts[:length]) for length in range(1, len(parts) + 1)]
    return {file for place in places for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file()}


def test_every_module_counts_if_and_only_if_training_runs_through_it() -> None:
    """A new module outside the imports of training is listed in NO_NUMBERS; one within them counts or is listed."""
    waiting = [file for name in ("bloodcells.runs.train", *chain(*MODULES.values())) for file in files(name)]
    closure = set()
    while waiting:
        if (file := waiting.pop()) not in closure:
            closure.add(file)
            waiting += imported(file)
    assert PACKAGE / "training" / "fit.py" in closure
    exempt = [PACKAGE / place for place in NO_NUMBERS]
    listed = {file for file in PACKAGE.rglob("*.py") if any(file.is_relative_to(place) for place in exempt)}
    counted = set(counted_files())
    assert closure <= counted | listed
    assert counted <= closure, "training does not run through these: list them in NO_NUMBERS"
    assert [place for place in exempt if not place.exists()] == []


def test_only_packages_that_bloodcells_requires_count(checkout) -> None:
    def requiring(lines: str) -> str:
        (checkout / "pyproject.toml").write_text(f"[project]\ndependencies = [{lines}]")
        return fingerprint(composed(), "x").packages

    assert requiring('"pandas"') == requiring('"pandas", "numpy"')  # which pandas requires itself
    assert requiring('"pandas"') != requiring('"pandas", "ruff"')
    assert requiring('"pandas", "not-installed"') == requiring('"pandas"')


def test_variables_that_change_arithmetic_count_as_packages(checkout, monkeypatch) -> None:
    before = fingerprint(composed(), "x").packages
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    assert fingerprint(composed(), "x").packages == before
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    assert fingerprint(composed(), "x").packages != before
