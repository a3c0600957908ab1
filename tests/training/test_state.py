"""The state's file: what comes back is what was written, whole or not at all, and only for the run that wrote it."""

import errno
import math
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.training.early_stopping import BestEpoch, StoppingState
from bloodcells.training.epochs import Epoch
from bloodcells.training.state import State, StateFile

IDENTITY = {"config": "c" * 64, "data": "d" * 64}
EPOCH = Epoch(1, "fine_tuning", "fine tuning 1/2", 0.1, 1 / 3, 5e-324, 0.9, 1e-5, 0.25, 7)
STATE = State(
    stage=1,
    ended=False,
    seconds=12.345678901234567,
    history=(EPOCH, replace(EPOCH, epoch=2, train_loss=0.1 + 0.2)),
    stopping=StoppingState(
        BestEpoch(1, "feature extraction", 0.7, 0.5), BestEpoch(2, "fine tuning", 2 / 3, 0.6), 3, [np.full(2, 8.5)]
    ),
    schedule={"best": -math.inf, "wait": 2.0},
    variables=[np.array([1.5, -0.0, math.inf, 1e-45], np.float32), np.array([1, 2**32 - 1], np.uint32)],
    optimizer=[np.array(2**62 + 1), np.array([[True], [False]]), np.zeros((0, 3), np.float16)],
)


def arrays(state: State) -> list[tuple]:
    """Type, shape and bytes of each array: -0.0 is not 0.0 here."""
    groups = [state.variables, state.optimizer, state.stopping.weights]
    return [[(array.dtype, array.shape, array.tobytes()) for array in group] for group in groups]


def bare(state: State) -> State:
    return replace(state, variables=[], optimizer=[], stopping=replace(state.stopping, weights=[]))


def test_what_is_read_is_what_was_written_bit_for_bit(tmp_path) -> None:
    StateFile(tmp_path / "state.npz", IDENTITY).write(STATE)
    file = StateFile(tmp_path / "state.npz", dict(reversed(IDENTITY.items())))
    assert file.epochs == 2  # known before it is read
    found = file.read()
    assert bare(found) == bare(STATE)
    assert arrays(found) == arrays(STATE)
    assert found.epochs_in_stage == 2


def test_more_arrays_than_ten_come_back_in_their_order(tmp_path) -> None:
    file = StateFile(tmp_path / "state.npz", IDENTITY)
    file.write(replace(STATE, variables=[np.array(number) for number in range(120)]))
    assert [int(array) for array in file.read().variables] == list(range(120))


def test_before_anything_is_written_there_is_none_and_half_a_file_aside_is_nothing(tmp_path) -> None:
    file = StateFile(tmp_path / "state.npz", IDENTITY)
    assert (file.read(), file.epochs) == (None, 0)
    (tmp_path / ".state.npz.part").write_bytes(b"PK half of it")
    assert file.read() is None
    file.write(STATE)
    assert bare(file.read()) == bare(STATE)
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.npz"]


@pytest.mark.parametrize("changed", [{"data": "e" * 64}, {"more": "x"}], ids=["other", "more"])
def test_the_state_of_another_run_is_refused(tmp_path, changed) -> None:
    StateFile(tmp_path / "state.npz", IDENTITY).write(STATE)
    with pytest.raises(InputError, match="the state of another run, with another config, other data") as error:
        StateFile(tmp_path / "state.npz", IDENTITY | changed).read()
    assert "\n" not in str(error.value)


def damaged(file: Path, how: str) -> None:
    content = file.read_bytes()
    if how == "empty":
        file.write_bytes(b"")
    elif how == "no archive":
        file.write_text("{}")
    elif how == "half":
        file.write_bytes(content[: len(content) // 2])
    elif how == "one bit":
        at = content.index(STATE.variables[0].tobytes())
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    elif how == "another archive":
        np.savez(file, a=1)
    elif how == "a folder":
        file.unlink()
        file.mkdir()


@pytest.mark.parametrize("how", ["empty", "no archive", "half", "one bit", "another archive", "a folder"])
def test_a_file_that_is_no_state_is_one_line_that_says_what_to_do(tmp_path, how) -> None:
    path = tmp_path / "state.npz"
    StateFile(path, IDENTITY).write(STATE)
    damaged(path, how)
    with pytest.raises(InputError, match=f"{path}: expected the state of an unfinished run .* remove its folder") as it:
        StateFile(path, IDENTITY).read()
    assert "\n" not in str(it.value)


def test_where_its_folder_is_gone_no_room_is_asked_for_and_nothing_is_promised(tmp_path) -> None:
    with pytest.raises(InputError) as error:
        StateFile(tmp_path / "gone" / "state.npz", IDENTITY).write(STATE)
    assert str(error.value) == (
        f"{tmp_path}/gone: the state after epoch 2 cannot be saved (No such file or directory); expected to write "
        "there: mend that and give the same command, which begins anew"
    )


@pytest.fixture
def no_room():
    """Lets no file grow beyond 64 kB, as a full disk would: the system refuses the bytes after that."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_where_there_is_no_room_it_is_one_line_and_the_last_state_stays(tmp_path, no_room) -> None:
    file = StateFile(tmp_path / "state.npz", IDENTITY)
    file.write(STATE)
    bigger = replace(STATE, history=(*STATE.history, EPOCH), variables=[np.zeros(100_000)])
    with pytest.raises(InputError) as error:
        file.write(bigger)
    assert str(error.value) == (
        f"{tmp_path}: the state after epoch 3 cannot be saved (File too large); expected room for 1 MB: make some and "
        "give the same command, which goes on after epoch 2"
    )
    assert bare(file.read()) == bare(STATE)
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.npz"]


@pytest.mark.parametrize("call", ["os.fsync", "os.replace", "numpy.savez"])
def test_whatever_fails_while_it_is_saved_the_last_state_stays(tmp_path, monkeypatch, call) -> None:
    file = StateFile(tmp_path / "state.npz", IDENTITY)
    file.write(STATE)

    def full(*_, **__) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(call, full)
    with pytest.raises(InputError, match=r"cannot be saved \(No space left on device\)"):
        file.write(replace(STATE, stage=2))
    assert file.read().stage == 1


def test_the_file_is_never_half_there_under_its_name(tmp_path, monkeypatch) -> None:
    path, seen = tmp_path / "state.npz", []
    file = StateFile(path, IDENTITY)
    file.write(STATE)
    savez = np.savez

    def watched(*arguments, **arrays) -> None:
        savez(*arguments, **arrays)
        seen.append(StateFile(path, IDENTITY).read().stage)

    monkeypatch.setattr(np, "savez", watched)
    file.write(replace(STATE, stage=2))
    assert (seen, file.read().stage) == ([1], 2)
