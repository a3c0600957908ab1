"""The README: short, its links resolve, and its commands that need no data run as printed, on tiny cells."""

import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from bloodcells.config.checkout import CHECKOUT
from bloodcells.tracking.database import database_uri
from tests.conftest import TINY
from tests.sweep.command import Sweep

README = (CHECKOUT / "README.md").read_text()
READMES = [file for file in CHECKOUT.rglob("README.md") if ".venv" not in file.parts]
COMMANDS = [
    shlex.split(line.partition("  #")[0])
    for line in re.findall(r"^    python -m bloodcells\..+$", README, re.MULTILINE)
]
SMALLER = {
    "bloodcells.train": [*(override for override in TINY if not override.startswith("evaluation")), "seed=0"],
    "bloodcells.inspect": [override for override in TINY if override.startswith("data")],
    "bloodcells.evaluate": ["evaluation.composed.draws=1"],
}
WITHOUT_DATA = [words[2:] for words in COMMANDS if not any(word.startswith("data") for word in words)]


def test_it_is_read_in_five_minutes() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("file", READMES, ids=lambda file: str(file.parent.relative_to(CHECKOUT)))
def test_its_links_lead_somewhere(file: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", file.read_text()):
        assert link.startswith("https://") or (file.parent / link).exists(), link


def test_gpu_libraries_are_those_of_the_locked_tensorflow() -> None:
    (version,) = re.findall(r"tensorflow\[and-cuda\]==([\d.]+)", README)
    assert f"\ntensorflow=={version} " in (CHECKOUT / "requirements.lock").read_text()


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"\bmake ([a-z-]+)", README))
    assert targets >= {"install", "train", "test", "ui"}
    subprocess.run(["make", "--dry-run", *targets], cwd=CHECKOUT, check=True, capture_output=True)


def test_commands_that_need_no_data_run_in_their_order(tmp_path, monkeypatch) -> None:
    import mlflow

    assert {words[0] for words in WITHOUT_DATA} >= {"bloodcells.inspect", "bloodcells.train", "bloodcells.report"}
    directory = tmp_path / "mlruns"
    for program, *arguments in WITHOUT_DATA:
        smaller = SMALLER.get(program, ())
        if "run_id" in " ".join(arguments):
            mlflow.set_tracking_uri(database_uri(directory))
            trained = "tags.`mlflow.source.name` = 'bloodcells.train'"
            first = mlflow.search_runs(search_all_experiments=True, filter_string=trained, output_format="list")[0]
            arguments = [re.sub(r"^run_id=.*", f"run_id={first.info.run_id}", word) for word in arguments]
        if "--multirun" in arguments:
            sweep = Sweep(directory, (*arguments, *smaller))
            assert sweep.run(sweep.served()) == 0, sweep.output("err")
            continue
        place = {"bloodcells.inspect": "page.html", "bloodcells.report": "report", "bloodcells.export": "models"}
        output = [f"output={tmp_path}/{place[program]}"] if program in place else []
        monkeypatch.setattr(sys, "argv", [program, *arguments, *smaller, *output, f"tracking.directory={directory}"])
        import_module(program).main()
    assert (tmp_path / "report" / "table.md").exists()
    assert (tmp_path / "page.html").exists()
    assert len(list((tmp_path / "models").glob("*.keras"))) == 1
