"""Where unfinished runs leave their state: one place a run, found again by the same command and by no other."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, ServerTracking
from bloodcells.provenance.fingerprint import fingerprint
from bloodcells.runs.identity import identity_of
from bloodcells.runs.unfinished import Place, claimed
from bloodcells.training.state import StateFile
from tests.conftest import composed

IDENTITY = {"experiment": "cells", "config": "c", "data": "d", "code": "e", "threads": "4"}


@pytest.fixture
def store(tmp_path) -> LocalTracking:
    return LocalTracking("local", str(tmp_path), "cells")


def left(store: LocalTracking, identity: dict[str, str] = IDENTITY) -> Place:
    """The place that a run leaves which is interrupted."""
    with pytest.raises(KeyboardInterrupt), claimed(store, identity) as place:
        raise KeyboardInterrupt
    return place


def places(store: LocalTracking) -> list[str]:
    """What lies among the states, hidden things too."""
    return sorted(entry.name for entry in Path(store.directory, "checkpoints").iterdir() if entry.name != ".lock")


def test_the_same_run_finds_its_place_again_and_any_other_gets_a_new_one(store) -> None:
    first = left(store)
    assert left(store).folder == first.folder
    assert left(store, IDENTITY | {"config": "other"}).folder != first.folder
    assert left(store, IDENTITY | {"experiment": "other"}).folder != first.folder
    assert left(store).folder == first.folder
    assert len(places(store)) == 3


def test_a_place_that_was_removed_is_gone_altogether(store) -> None:
    first = left(store)
    (first.folder / "state.npz").write_bytes(b"state")
    first.remove()
    assert places(store) == []
    assert left(store).name != first.name
    first.remove()  # again: by hand, while the run was alive


def test_the_place_of_a_run_that_is_alive_is_left_to_it(store) -> None:
    with claimed(store, IDENTITY) as first:
        with claimed(store, IDENTITY) as second:
            assert second.folder != first.folder
        # the second, interrupted, is what a third finds
        assert left(store).folder == second.folder


def test_however_many_begin_at_once_each_has_a_place_of_its_own(store) -> None:
    count = 8
    begin = Barrier(count)

    def one(_: int) -> str:
        with ExitStack() as stack:
            begin.wait()
            name = stack.enter_context(claimed(store, IDENTITY)).name
            begin.wait()  # none ends before all have begun
            return name

    with ThreadPoolExecutor(count) as pool:
        names = list(pool.map(one, range(count)))
    assert sorted(names) == places(store)
    assert len(set(names)) == count


def test_while_some_begin_others_end(store) -> None:
    def one(_: int) -> None:
        for _ in range(10):
            with claimed(store, IDENTITY) as place:
                place.remove()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))
    assert places(store) == []


@pytest.mark.parametrize(
    ("changed", "told"), [(("code",), "code"), (("data", "threads"), "data and threads")], ids=["code", "data"]
)
def test_a_run_that_would_come_out_otherwise_today_is_not_continued_and_that_is_told(
    store, caplog, changed, told
) -> None:
    first = left(store, IDENTITY | dict.fromkeys(changed, "of then"))
    with caplog.at_level("INFO", "bloodcells"):
        assert left(store).folder != first.folder
    (message,) = caplog.messages
    assert f"is not continued: since it was begun there was a change of {told}; its state stays in" in message
    assert str(first.folder) in message
    assert left(store, IDENTITY | dict.fromkeys(changed, "of then")).folder == first.folder  # gone back to


@pytest.mark.parametrize("call", ["pathlib.Path.write_text", "pathlib.Path.rename", "shutil.rmtree"])
def test_what_a_kill_left_half_made_or_half_removed_is_swept_up(store, monkeypatch, call) -> None:
    def killed(*_, **__) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(call, killed)
        with pytest.raises(KeyboardInterrupt), claimed(store, IDENTITY) as place:
            place.remove()
    (half,) = places(store)
    assert half.startswith(".")
    with claimed(store, IDENTITY) as place:
        assert places(store) == [place.name]


def test_an_identity_that_a_power_cut_emptied_is_passed_over(store) -> None:
    (left(store).folder / "identity.json").write_text("")
    place = left(store)
    assert json.loads((place.folder / "identity.json").read_text()) == IDENTITY
    assert left(store).folder == place.folder


def test_the_state_in_a_place_is_for_its_identity_alone(store, tmp_path) -> None:
    from tests.training.test_state import STATE

    first, other = left(store), left(store, IDENTITY | {"data": "other"})
    state = StateFile(first.file, first.identity)
    state.write(STATE)
    assert state.read().stage == STATE.stage
    shutil.copy(first.file, other.folder)
    with pytest.raises(InputError, match="the state of another run"):
        StateFile(other.file, other.identity).read()


def test_where_no_place_can_be_made_it_is_one_line(store, tmp_path) -> None:
    (tmp_path / "checkpoints").write_text("no folder")
    with pytest.raises(InputError, match=f"tracking.directory={tmp_path}: cannot track") as error:
        left(store)
    assert "\n" not in str(error.value)


def test_the_identity_is_all_that_the_last_bits_depend_on_and_where_the_run_is_filed() -> None:
    def found(*overrides: str, data: str = "d" * 64) -> dict[str, str]:
        config = composed(*overrides)
        assert isinstance(config.tracking, LocalTracking | ServerTracking)
        return identity_of(config, config.tracking, fingerprint(config, data))

    base = found("training.threads=2")
    assert base == found("training.threads=2", "tracking.directory=elsewhere")
    others = [
        found("training.threads=2", *override.split())
        for override in (
            "training.threads=3", "seed=1", "study=a", "tracking.experiment=b", "tracking=server tracking.uri=http://a",
        )
    ]  # fmt: skip
    others.append(found("training.threads=2", data="e" * 64))
    assert all(other != base for other in others)
    assert len({tuple(other.items()) for other in others}) == len(others)
    assert {"code", "packages", "processor", "gpus", "python", "onednn"} <= base.keys()
