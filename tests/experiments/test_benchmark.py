"""The benchmark under experiments/: rounds, ratios, tables, and one real run of its cheapest part."""

import os
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pandas as pd
import pytest

from bloodcells import compose
from bloodcells.config.checkout import CHECKOUT
from experiments.benchmark import commands
from experiments.benchmark.__main__ import main
from experiments.benchmark.baselines import baselines
from experiments.benchmark.rounds import Group, Measurement, fresh, measure, with_ratios
from experiments.benchmark.table import describe, digits, tables

SPEEDS = {"own": (1000.0, 3000.0, 1400.0), "plain": (500.0, 1000.0, 1400.0)}  # ratios 2, 3 and 1


def results() -> pd.DataFrame:
    """Three rounds of two contenders, and one metric that only one of them has."""
    measurements = [
        Measurement("training", contender, "steps/s", number, value, "plain")
        for contender, values in SPEEDS.items()
        for number, value in enumerate(values, 1)
    ]
    return with_ratios([*measurements, Measurement("training", "own", "s of tracing", 1, 2.25, "plain")])


def group(part: str, order: list[str]) -> Group:
    def contender(name: str):
        def run():
            order.append(f"{part} {name}")
            return {"seconds": float(len(order))}

        return run

    return Group(part, "plain", {name: contender(name) for name in ("own", "plain")})


def test_every_second_round_is_reversed_and_groups_do_not_mix() -> None:
    order: list[str] = []
    measurements = list(measure([group("a", order), group("b", order)], rounds=2))
    assert order == ["a own", "a plain", "a plain", "a own", "b own", "b plain", "b plain", "b own"]
    assert [(row.part, row.contender, row.round, row.value) for row in measurements[:4]] == [
        ("a", "own", 1, 1.0),
        ("a", "plain", 1, 2.0),
        ("a", "plain", 2, 3.0),
        ("a", "own", 2, 4.0),
    ]


def test_ratios_are_within_a_round_and_missing_without_a_reference() -> None:
    rows = results()
    assert rows["ratio"].tolist()[:6] == [2.0, 3.0, 1.0, 1.0, 1.0, 1.0]
    assert rows["ratio"].isna().tolist() == [False] * 6 + [True]


def test_table_has_medians_and_ranges_of_values_and_ratios() -> None:
    (table,) = tables(results()).values()
    assert list(table.columns) == ["metric", "contender", "median", "range", "ratio to plain", "ratio range"]
    assert table.to_numpy().tolist() == [
        ["steps/s", "own", "1,400", "1,000 to 3,000", "2", "1 to 3"],
        ["steps/s", "plain", "1,000", "500 to 1,400", "1", ""],
        ["s of tracing", "own", "2.25", "", "", ""],
    ]


@pytest.mark.parametrize("folder", ["benchmark", "benchmark/sweep"])
def test_the_stored_tables_follow_from_the_stored_measurements(folder) -> None:
    stored = CHECKOUT / "experiments" / folder
    cells = [row for table in tables(pd.read_csv(stored / "results.csv")).values() for row in table.to_numpy().tolist()]
    lines = (stored / "table.md").read_text().splitlines()
    assert [f"| {' | '.join(row)} |" for row in cells] == [
        line for line in lines if line.startswith("| ") and not line.startswith(("| metric", "| ---"))
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.012345, "0.0123"), (1.0, "1"), (12.345, "12.3"), (99.94, "99.9"), (99.96, "100"), (12345.6, "12,346")],
)
def test_numbers_have_three_digits_or_all_before_the_point(value, text) -> None:
    assert digits(value) == text


def test_machine_is_described_in_one_line() -> None:
    machine = {"processor": "Xeon", "cores": 4, "gpus": [], "python": "3.11.9"}
    assert describe(machine).startswith("Xeon, 4 cores, no GPU; TensorFlow 2.")
    assert ", Python 3.11.9; commit " in describe(machine)
    assert ", 4 cores, H100; " in describe(machine | {"gpus": ["H100"]})


def test_a_fresh_process_differs_each_time_and_its_output_is_dropped(capfd) -> None:
    first, second = fresh(process_that_prints), fresh(process_that_prints)
    assert len({first, second, os.getpid()}) == 3
    assert capfd.readouterr().out == ""


def test_a_fresh_process_that_dies_is_an_error() -> None:
    with pytest.raises(BrokenProcessPool):
        fresh(os._exit, 7)


def process_that_prints() -> int:
    print("a progress bar")
    return os.getpid()


def test_the_separate_commands_are_the_jobs_of_the_sweep(monkeypatch) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr(commands.subprocess, "run", lambda arguments, **_: calls.append(arguments))
    contenders = commands.sweep().contenders
    contenders[commands.ONE_BY_ONE]()
    assert len(calls) == 12
    assert {tuple(call[3:5]) for call in calls} == {
        (f"unfreeze={depth}", f"seed={seed}") for depth in ("0", "10", "20", "all") for seed in (0, 1, 2)
    }
    calls.clear()
    contenders["one sweep"]()
    assert [call[3:6] for call in calls] == [["--multirun", "unfreeze=0,10,20,all", "seed=0,1,2"]]


def test_the_stored_part_measures_a_sweep_that_finds_all_its_jobs_done(monkeypatch) -> None:
    printed, run = [], commands.subprocess.run

    def listen(arguments, **_) -> None:
        printed.append(run(arguments, check=True, cwd=CHECKOUT, capture_output=True, text=True).stdout)

    monkeypatch.setattr(commands.subprocess, "run", listen)
    monkeypatch.setattr(commands, "FINISHED", ("optimizer=adam,sgd", "seed=range(2)", "data.images=200"))
    commands.stored().contenders["sweep of 1,000 finished jobs"]()
    commands._filled.cache_clear()
    assert printed[-1].startswith("all 4 jobs are done already")


def test_the_startup_part_writes_its_results(tmp_path, capsys) -> None:
    main(["--parts", "startup", "--rounds", "1", "--output", str(tmp_path)])
    rows = pd.read_csv(tmp_path / "results.csv")
    programs = {f"bloodcells.{name} --help" for name in commands.PROGRAMS}
    assert set(rows["contender"]) == {*programs, "bloodcells.train --cfg job", commands.IMPORT}
    assert (rows["value"] > 0).all()
    text = (tmp_path / "table.md").read_text()
    assert "| seconds | bloodcells.train --help | " in text
    assert "TensorFlow 2." in text
    out = capsys.readouterr().out
    assert f"ratio to {commands.IMPORT}" in out
    assert str(tmp_path / "table.md") in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rounds", "0"], "--rounds 0: expected 1 or more"),
        (["--parts", "speed"], "invalid choice: 'speed'"),
        (["--output", "missing"], "missing"),
    ],
)
def test_wrong_arguments_are_reported_before_anything_is_measured(arguments, message, capsys, monkeypatch) -> None:
    monkeypatch.setattr("experiments.benchmark.__main__.measure", lambda *_: pytest.fail("it measured"))
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    ["Pillow", *(pytest.param(name, marks=pytest.mark.slow) for name in ("Keras", "keras-cv, one image per call"))],
)
def test_other_libraries_augment_every_image_and_keep_its_label(name) -> None:
    rng = np.random.default_rng(0)
    pixels = np.repeat([40, 120, 200], 4)[:, None, None, None] + rng.integers(30, size=(12, 24, 24, 3))
    labels = np.eye(12, dtype=np.float32)  # names the image
    config = compose("augmentation=randaugment_kerascv", "training.batch_size=6")
    batches = baselines()[name](pixels.astype(np.uint8), labels, config)
    images, named = zip(*batches.take(2).as_numpy_iterator(), strict=True)
    assert [batch.shape for batch in images] == [(6, 24, 24, 3)] * 2
    assert np.concatenate(named).sum(axis=0).tolist() == [1.0] * 12  # every image once
    changed = np.concatenate(images).astype(float) - pixels[np.concatenate(named).argmax(axis=1)]
    assert (np.abs(changed).max(axis=(1, 2, 3)) > 0).mean() > 0.5
    assert np.concatenate(images).min() >= 0
    assert np.concatenate(images).max() <= 255
