"""Checkpoints: one per unfinished run, claimed again by the same command and by no other."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, RankBy
from bloodcells.provenance.fingerprint import fingerprint
from bloodcells.runs.checkpoint import Checkpoint, claim, identity_of
from bloodcells.tracking.store import Store, store_of
from bloodcells.training.state import StateFile
from tests.conftest import composed

IDENTITY = {"experiment": "cells", "config": "c", "data": "d", "code": "e", "threads": "4"}


@pytest.fixture
def store(tmp_path) -> Store:
    return store_of(LocalTracking("local", str(tmp_path), "cells", tensorboard=False, rank_by=RankBy.composed))


def left(store: Store, identity: dict[str, str] = IDENTITY) -> Checkpoint:
    """The checkpoint that an interrupted run leaves."""
    with pytest.raises(KeyboardInterrupt), claim(store, identity) as checkpoint:
        raise KeyboardInterrupt
    return checkpoint


def folders(store: Store) -> list[str]:
    """The names of all folders of checkpoints, hidden ones as well."""
    return sorted(entry.name for entry in store.checkpoints.iterdir() if entry.name != ".lock")


def test_same_run_claims_its_checkpoint_again_and_others_get_new_ones(store) -> None:
    first = left(store)
    assert left(store).folder == first.folder
    assert left(store, IDENTITY | {"config": "other"}).folder != first.folder
    assert left(store, IDENTITY | {"experiment": "other"}).folder != first.folder
    assert left(store).folder == first.folder
    assert len(folders(store)) == 3


def test_removed_checkpoint_leaves_nothing_behind(store) -> None:
    first = left(store)
    (first.folder / "state.npz").write_bytes(b"state")
    first.remove()
    assert folders(store) == []
    assert left(store).name != first.name
    first.remove()  # a second time: the user may delete it while the run is alive


def test_checkpoint_of_a_live_run_is_not_claimed(store) -> None:
    with claim(store, IDENTITY) as first:
        with claim(store, IDENTITY) as second:
            assert second.folder != first.folder
        # the third run resumes the second, which was interrupted
        assert left(store).folder == second.folder


def test_runs_that_start_at_once_each_get_their_own_checkpoint(store) -> None:
    count = 8
    barrier = Barrier(count)

    def one(_: int) -> str:
        with ExitStack() as stack:
            barrier.wait()
            name = stack.enter_context(claim(store, IDENTITY)).name
            barrier.wait()  # none ends before all have started
            return name

    with ThreadPoolExecutor(count) as pool:
        names = list(pool.map(one, range(count)))
    assert sorted(names) == folders(store)
    assert len(set(names)) == count


def test_runs_start_while_others_end(store) -> None:
    def one(_: int) -> None:
        for _ in range(10):
            with claim(store, IDENTITY) as checkpoint:
                checkpoint.remove()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))
    assert folders(store) == []


@pytest.mark.parametrize(
    ("changed", "text"), [(("code",), "code"), (("data", "threads"), "data and threads")], ids=["code", "data"]
)
def test_run_whose_result_would_differ_is_not_resumed_and_the_log_says_why(store, caplog, changed, text) -> None:
    first = left(store, IDENTITY | dict.fromkeys(changed, "old"))
    with caplog.at_level("INFO", "bloodcells"):
        assert left(store).folder != first.folder
    (message,) = caplog.messages
    assert f"is not resumed, because of a change in {text}; its state remains in" in message
    assert str(first.folder) in message
    assert left(store, IDENTITY | dict.fromkeys(changed, "old")).folder == first.folder  # after going back


@pytest.mark.parametrize("call", ["pathlib.Path.write_text", "pathlib.Path.rename", "shutil.rmtree"])
def test_folder_half_created_or_half_removed_by_a_kill_is_cleaned_up(store, monkeypatch, call) -> None:
    def killed(*_, **__) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(call, killed)
        with pytest.raises(KeyboardInterrupt), claim(store, IDENTITY) as checkpoint:
            checkpoint.remove()
    (partial,) = folders(store)
    assert partial.startswith(".")
    with claim(store, IDENTITY) as checkpoint:
        assert folders(store) == [checkpoint.name]


def test_identity_emptied_by_a_power_cut_is_ignored(store) -> None:
    (left(store).folder / "identity.json").write_text("")
    checkpoint = left(store)
    assert json.loads((checkpoint.folder / "identity.json").read_text()) == IDENTITY
    assert left(store).folder == checkpoint.folder


def test_state_of_another_identity_is_refused(store, tmp_path) -> None:
    from tests.training.test_state import STATE

    first, other = left(store), left(store, IDENTITY | {"data": "other"})
    state = StateFile(first.file, first.identity)
    state.write(STATE)
    assert state.read().stage == STATE.stage
    shutil.copy(first.file, other.folder)
    with pytest.raises(InputError, match="the state of another run"):
        StateFile(other.file, other.identity).read()


def test_failure_to_create_a_checkpoint_is_one_line(store, tmp_path) -> None:
    (tmp_path / "checkpoints").write_text("not a folder")
    with pytest.raises(InputError, match=f"tracking.directory={tmp_path}: cannot access") as error:
        left(store)
    assert "\n" not in str(error.value)


def test_identity_covers_what_the_result_depends_on_and_how_the_run_is_filed() -> None:
    def identity(*overrides: str, data: str = "d" * 64) -> dict[str, str]:
        config = composed(*overrides)
        return identity_of(config, store_of(config.tracking), fingerprint(config, data))

    base = identity("training.threads=2")
    assert base == identity("training.threads=2", "tracking.directory=elsewhere")
    assert base == identity("training.threads=2", "tracking=server", "tracking.uri=http://a")
    others = [
        identity("training.threads=2", *override.split())
        for override in (
            "training.threads=3", "seed=1", "study=a", "tracking.experiment=b",
        )
    ]  # fmt: skip
    others.append(identity("training.threads=2", data="e" * 64))
    assert all(other != base for other in others)
    assert len({tuple(other.items()) for other in others}) == len(others)
    assert {"code", "packages", "processor", "gpus", "python", "variables"} <= base.keys()
