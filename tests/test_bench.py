"""The program, with the part that takes the least; and what is wrong beforehand."""

import pandas as pd
import pytest

from bloodcells.bench import bench
from bloodcells.benchmark import startup
from bloodcells.config.errors import InputError
from bloodcells.config.schema import Part
from tests.config.test_programs import config_of


def test_it_writes_what_it_measured_and_says_where(tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.setattr(startup, "PROGRAMS", ("train",))
    caplog.set_level("INFO", "bloodcells")
    bench(config_of("bench", "parts=[startup]", "rounds=2", f"output={tmp_path}"))
    rows = pd.read_csv(tmp_path / "results.csv")
    assert set(rows["what"]) == {"bloodcells.train --help", startup.REFERENCE}
    assert rows["round"].tolist() == [1, 1, 2, 2]
    assert (rows["value"] > 0).all()
    table = (tmp_path / "table.md").read_text()
    assert "| s | bloodcells.train --help | " in table
    assert "TensorFlow 2." in table
    assert f"times {startup.REFERENCE}" in caplog.messages[-2]
    assert str(tmp_path / "table.md") in caplog.messages[-1]


def test_without_parts_or_a_folder_nothing_begins(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("bloodcells.bench.draw_cells", lambda *_: pytest.fail("it began"))
    with pytest.raises(InputError, match=r"parts=\[\]: expected some of augmentation, training, startup"):
        bench(config_of("bench", "parts=[]"))
    with pytest.raises(InputError, match=r"no folder .*none"):
        bench(config_of("bench", f"output={tmp_path}/none"))


def test_every_part_but_the_longest_is_measured_unless_some_are_chosen() -> None:
    assert config_of("bench").parts == [part for part in Part if part is not Part.sweep]
    with pytest.raises(InputError, match=r"rounds=0: expected a number in \[1, inf\)"):
        config_of("bench", "rounds=0")
