"""The command line: one-line errors, exit statuses, and help without heavy imports."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.command import command
from bloodcells.config.errors import InputError
from bloodcells.config.schema import TrainConfig

SCRIPTS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["scripts"]
PROGRAMS = [name.removeprefix("bloodcells-") for name in SCRIPTS]
# Each takes a tenth of a second or more to import, together several: no program may do so before its task starts.
HEAVY = {"tensorflow", "keras", "mlflow", "pandas", "matplotlib", "sklearn", "numba", "scipy", "pyarrow", "numpy"}
# Runs a program with several lists of arguments in one process; prints what it has imported to standard error.
IN_TURN = f"""
import importlib, json, sys
main = importlib.import_module(f"bloodcells.{{sys.argv[1]}}").main
for arguments in json.loads(sys.argv[2]):
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as end:
        print(end.code or "")
    print("==end==")
print(json.dumps(sorted({HEAVY} & set(sys.modules))), file=sys.stderr)
"""


@pytest.fixture
def call(monkeypatch, capfd):
    """A function that runs a program with arguments and returns its exit status, its configs and its error lines."""

    def run(*arguments: str, task=None):
        monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
        quiet = ["hydra/job_logging=none", "hydra/hydra_logging=none"]  # handlers would keep the captured streams
        monkeypatch.setattr(sys, "argv", ["train", *arguments, *quiet])
        configs: list[TrainConfig] = []

        def job(config: TrainConfig) -> None:
            configs.append(config)
            if task:
                task(config)

        try:
            command("train", TrainConfig)(job)()
            status = 0
        except SystemExit as end:
            if isinstance(end.code, str):  # as Python does
                print(end.code, file=sys.stderr)
            status = end.code if isinstance(end.code, int) else 1
        return status, configs, capfd.readouterr().err.strip().splitlines()

    return run


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["sed=3"], ["sed: no such key", "did you mean seed?"]),
        (["epochs=3"], ["did you mean training.feature_extraction.epochs or training.fine_tuning.epochs?"]),
        (["training.fine_tuning.epoch=3"], ["training.fine_tuning.epoch", "did you mean epochs?"]),
        (["+training.epoch=3"], ["training.epoch: no such key", "expected one of"]),
        (["backbone=vgg91"], ["backbone=vgg91: expected one of", "did you mean vgg19?"]),
        (["data.path=x"], ["data.path: no such key", "path is a key of data=npz and data=folder"]),
        (["data=npz"], ["data.path has no value: give data.path=VALUE"]),
        (["loss=crossentropy", "loss.gamma=1"], ["loss.gamma", "gamma is a key of loss="]),
        (["augmentation.mixup.alpha=2"], ["augmentation.mixup is not set", "augmentation=mixup"]),
        (["augmentation=none", "augmentation.mixup.alpha=2"], ["augmentation.mixup is not set", "augmentation=mixup"]),
        (["augmentation.mixpu.alpha=2"], ["augmentation.mixpu: no such option", "did you mean mixup?"]),
        (["augmentation=mixup", "augmentation.mixup.alhpa=2"], ["augmentation.mixup.alhpa", "did you mean alpha?"]),
        (["seed=abc"], ["seed=abc: expected an integer"]),
        (["training.precision=float16"], ["training.precision=float16: expected one of float32, mixed_float16"]),
        (["seed=1,2"], ["add --multirun"]),
        (["loss.gamma=interval(0,3)"], ["loss.gamma=interval(0,3): expected one value; add --multirun"]),
        (["hydra.sweeper.trials=3"], ["hydra.sweeper.trials: no such key", "a key of hydra/sweeper=optuna"]),
        (["seed"], ["seed: cannot be parsed", "expected key=value"]),
        (["head=null"], ["head=null: expected one of dense, linear"]),
        (["schedule=plateau"], ["schedule@training.fine_tuning.schedule"]),
    ],
)
def test_config_error_is_one_line_that_helps(call, arguments, parts) -> None:
    status, configs, errors = call(*arguments)
    assert (status, configs) == (1, [])
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    for part in parts:
        assert part in errors[0]


def test_input_error_of_the_task_is_one_line(call) -> None:
    def task(config: TrainConfig) -> None:
        raise InputError("data.path=x: no such file; expected an archive")

    status, _, errors = call(task=task)
    assert (status, errors) == (1, ["error: data.path=x: no such file; expected an archive"])


def test_defect_keeps_its_traceback(call) -> None:
    def task(config: TrainConfig) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        call(task=task)


def test_interrupt_exits_with_130(call) -> None:
    def task(config: TrainConfig) -> None:
        raise KeyboardInterrupt

    status, _, errors = call(task=task)
    assert (status, errors) == (130, ["interrupted"])


def test_sweep_continues_after_a_failed_job_and_exits_with_1(call, tmp_path) -> None:
    def task(config: TrainConfig) -> None:
        if config.seed == 1:
            raise InputError("no")

    arguments = ("unfreeze=0", "--multirun", "seed=0,1,2", f"hydra.sweep.dir={tmp_path}", "hydra/sweeper=basic")
    status, configs, errors = call(*arguments, task=task)
    assert status == 1
    assert [config.seed for config in configs] == [0, 1, 2]
    assert errors == ["error: job 1 (unfreeze=0, seed=1): no"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_config_completion_and_errors_wait_for_no_heavy_import(program) -> None:
    commands = [["--help"], ["--cfg", "job"], ["-sc", "query=bash"], ["nope=1"]]
    done = subprocess.run(
        [sys.executable, "-c", IN_TURN, program, json.dumps(commands)],
        cwd=CHECKOUT, capture_output=True, text=True, env={"COMP_LINE": f"bloodcells-{program} tracking=s"}, check=True,
    )  # fmt: skip
    shown, config, completed, error = done.stdout.split("==end==\n")[:-1]
    assert f"python -m bloodcells.{program}" in shown
    assert "experiment: bloodcells" in shown
    assert ("tracking: local, off, server" in shown) == ("== Groups" in shown)
    if program != "sync":  # it has no group
        assert "directory: mlruns" in config
        assert completed.strip() == "tracking=server"
    assert error.startswith("error: nope: no such key")
    assert json.loads(done.stderr) == []


def test_console_script_completes() -> None:
    script = subprocess.run(
        ["bloodcells-train", "-sc", "install=bash"], capture_output=True, text=True, check=True,
        env={"PATH": f"{sys.prefix}/bin:/usr/bin:/bin"},
    ).stdout  # fmt: skip
    assert "complete" in script
    assert "bloodcells-train" in script


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("study=7e145678", "7e145678"),
        ("study=unfreeze=all seed=0", "unfreeze=all seed=0"),
        ("study='quoted'", "quoted"),
        ("study=null", None),
        ("study=a,b", "a,b"),
    ],
)
def test_texts_are_not_parsed(call, argument, expected) -> None:
    _, configs, errors = call(argument, task=lambda config: None)
    if expected and set("=,") & set(expected):
        assert "expected a name of letters" in errors[0]
        assert f"study={expected}:" in errors[0]
    else:
        assert configs[0].study == expected


@pytest.mark.parametrize(
    "path",
    [
        "cells.npz", "/data/ü é=1.npz", "a#b.npz", "[1,2].npz", "{a}.npz", "1e5", "a,b.npz", "x(1).npz", "it's.npz",
        "back\\slash.npz", "100%.npz", " spaces ", "null.npz", "$HOME/$x.npz", "a:b@c?.npz", "日本.npz", "-.npz",
    ],
)  # fmt: skip
def test_paths_are_accepted_as_typed(call, path) -> None:
    _, configs, errors = call("data=npz", f"data.path={path}", f"tracking.directory={path}", task=lambda config: None)
    assert errors == []
    assert (configs[0].data.path, configs[0].tracking.directory) == (str(Path.cwd() / path), path)


def test_the_home_folder_is_expanded_in_paths_only(call, monkeypatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    _, configs, _ = call("data=npz", "data.path=~/ü=1.npz", "label=~/x", task=lambda config: None)
    assert (configs[0].data.path, configs[0].label) == ("/home/someone/ü=1.npz", "~/x")


def test_several_paths_in_a_sweep_remain_several(call, tmp_path) -> None:
    sweep = (
        "--multirun",
        "data=npz",
        "data.path=~/a.npz,~/b.npz",
        f"hydra.sweep.dir={tmp_path}",
        "hydra/sweeper=basic",
    )
    _, configs, _ = call(*sweep, task=lambda config: None)
    assert [Path(config.data.path) for config in configs] == [Path.home() / "a.npz", Path.home() / "b.npz"]


def test_arguments_that_are_not_utf_8_are_one_line() -> None:
    command = [sys.executable.encode(), b"-m", b"bloodcells.train", b"data=npz", b"data.path=\xff.npz"]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: data.path=")
    assert "\\udcff.npz: expected UTF-8" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_output_that_nobody_reads_ends_the_program_without_a_traceback() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        command = [sys.executable, "-m", "bloodcells.train", "--help"]
        ended = subprocess.run(command, cwd=CHECKOUT, stdout=closed, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr) == (141, "")
