"""Work in a process of its own, a turn at a time."""

import os
from contextlib import closing
from multiprocessing import active_children
from pathlib import Path

import pytest

from bloodcells.benchmark.process import Tell, apart, fresh


def count(tell: Tell, file: str) -> None:
    """Tells 1, 2, 3, and writes each to the file before it does."""
    for number in range(1, 4):
        print("a bar of progress")
        Path(file).write_text(str(number))
        tell({"number": float(number), "process": float(os.getpid())})


def fail(tell: Tell) -> None:
    tell({"number": 1.0})
    os._exit(7)


def test_it_works_in_another_process_and_rests_between_turns(tmp_path, capfd) -> None:
    file = tmp_path / "number"
    with closing(apart(count, str(file))) as turns:
        assert not file.exists()  # nothing before the first turn
        first = next(turns)
        assert (first["number"], file.read_text()) == (1.0, "1")
        assert first["process"] != os.getpid()
        assert next(turns) == {"number": 2.0, "process": first["process"]}
        assert file.read_text() == "2"
        assert len(active_children()) == 1
    assert active_children() == []
    assert capfd.readouterr() == ("", "")


def test_each_fresh_process_is_another(tmp_path) -> None:
    found = [fresh(count, str(tmp_path / "number")) for _ in range(2)]
    assert [figures["number"] for figures in found] == [1.0, 1.0]
    assert found[0]["process"] != found[1]["process"]


def test_a_process_that_ends_too_soon_is_told() -> None:
    with closing(apart(fail)) as turns:
        next(turns)
        with pytest.raises(RuntimeError, match=r"fail\(\): its process ended by 7"):
            next(turns)
