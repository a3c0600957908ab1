"""conf/README.md, "Adding your own", followed literally: a copy of the checkout gets its options and is trained."""

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import h5py
import mlflow
import pytest

from bloodcells.config.checkout import CHECKOUT
from bloodcells.data.synthetic import draw_cells
from bloodcells.tracking.database import database_uri
from tests.conftest import SHORT

SECTION = (CHECKOUT / "conf" / "README.md").read_text().partition("\n## Adding your own\n")[2]
KINDS = ("backbone", "head", "augmentation", "optimizer", "loss", "data", "metric")


def listings(text: str) -> list[tuple[str, str]]:
    """The file and the indented code of each listing that "In `FILE`:" or "At the end of `FILE`:" introduces."""
    found = re.findall(r"^(?:In|At the end of) `([^`]+)`:\n\n((?:    .*\n|\n)+)", text, re.MULTILINE)
    return [(file, textwrap.dedent(code).strip("\n") + "\n") for file, code in found]


@pytest.fixture(scope="module")
def extended(tmp_path_factory) -> Path:
    """A copy of the checkout with every listing in the file that the text names, and cells.h5 to train on."""
    copy = tmp_path_factory.mktemp("extended")
    for name in ("bloodcells", "conf"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", copy)
    (copy / "tests").mkdir()
    shutil.copy(CHECKOUT / "tests" / "shortcuts.py", copy / "tests")
    for file, code in listings(SECTION):
        if file.endswith(".yaml"):
            assert not (copy / file).exists(), f"{file} is an option already"
            (copy / file).write_text(code)
        else:
            (copy / file).write_text(f"{(copy / file).read_text()}\n\n{code}")
    cells = draw_cells(200, 32, 0)
    with h5py.File(copy / "cells.h5", "w") as file:
        file["images"], file["labels"] = cells.pixels, cells.labels
    return copy


COMMAND = ("-m", "bloodcells.train")
SHORTENED = ("-c", "from tests import shortcuts; from bloodcells.train import main; main()")


def run(checkout: Path, *arguments: str, program: tuple[str, str] = COMMAND) -> subprocess.CompletedProcess:
    """`python -m bloodcells.train` in a checkout of its own."""
    return subprocess.run([sys.executable, *program, *arguments], cwd=checkout, capture_output=True, text=True)


def options_added() -> dict[str, str]:
    """By kind, the name of the option that the text adds, from the names of its YAML files."""
    return dict(Path(file).with_suffix("").parts[1:] for file, _ in listings(SECTION) if file.endswith(".yaml"))


def test_each_kind_is_one_class_and_one_yaml_file() -> None:
    files = [file for file, _ in listings(SECTION)]
    assert set(options_added()) == set(KINDS)
    assert len(files) == len(set(files)) == 2 * len(KINDS)


def test_the_command_of_the_text_trains_with_all_of_them(extended) -> None:
    (command,) = re.findall(r"^    python -m bloodcells\.train (.*)$", SECTION.partition("### Training with")[2], re.M)
    chosen = dict(override.split("=") for override in command.split())
    assert {kind: chosen[kind] for kind in KINDS} == options_added()
    short = [override for override in SHORT if override.startswith(("training", "evaluation"))]
    overrides = (*command.split(), *short, "evaluation.resamples=100", "tracking.directory=mlruns")
    done = run(extended, *overrides, program=SHORTENED)
    assert done.returncode == 0, done.stderr
    mlflow.set_tracking_uri(database_uri(extended / "mlruns"))
    (stored,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert stored.info.status == "FINISHED"
    assert {kind: stored.data.params[kind] for kind in KINDS if kind in stored.data.params} == {
        kind: name for kind, name in options_added().items() if kind != "metric"
    }
    assert stored.data.params["augmentation.quarter_turns.chance"] == "0.8"
    low, value, high = (stored.data.metrics[f"test/fbeta{end}"] for end in ("_low", "", "_high"))
    assert 0 <= low <= value <= high <= 1


def test_help_lists_them(extended) -> None:
    text = run(extended, "--help").stdout
    for kind, name in options_added().items():
        (line,) = re.findall(rf"^{kind}: (.*)$", text, re.MULTILINE)
        assert name in line.split(", ")


def test_their_values_are_checked_like_ours(extended) -> None:
    done = run(extended, "backbone=plaincnn", "backbone.width=0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: backbone.width=0: expected a number in [1, inf)\n"
