"""The state file: read back bit-identical, never half written, and only for the run that wrote it."""

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
from bloodcells.training.state import State, StateFile, identity_hash

IDENTITY = {"config": "c" * 64, "data": "d" * 64}
EPOCH = Epoch(1, "fine_tuning", "fine-tuning 1/2", 0.1, 1 / 3, 5e-324, 0.9, 2.5, 0.2, 1e-5, 0.25, 7)
STATE = State(
    stage=1,
    ended=False,
    seconds=12.345678901234567,
    history=(EPOCH, replace(EPOCH, epoch=2, train_loss=0.1 + 0.2)),
    stopping=StoppingState(
        BestEpoch(1, "feature extraction", 0.7, 0.5), BestEpoch(2, "fine-tuning", 2 / 3, 0.6), 3, [np.full(2, 8.5)]
    ),
    schedule={"best": -math.inf, "wait": 2.0},
    variables=[np.array([1.5, -0.0, math.inf, 1e-45], np.float32), np.array([1, 2**32 - 1], np.uint32)],
    optimizer=[np.array(2**62 + 1), np.array([[True], [False]]), np.zeros((0, 3), np.float16)],
)


def arrays(state: State) -> list[tuple]:
    """Type, shape and bytes of each array, so that -0.0 differs from 0.0."""
    groups = [state.variables, state.optimizer, state.stopping.weights]
    return [[(array.dtype, array.shape, array.tobytes()) for array in group] for group in groups]


def bare(state: State) -> State:
    return replace(state, variables=[], optimizer=[], stopping=replace(state.stopping, weights=[]))


def test_state_is_read_back_bit_identical(tmp_path) -> None:
    StateFile(tmp_path / "state.npz", IDENTITY).write(STATE)
    file = StateFile(tmp_path / "state.npz", dict(reversed(IDENTITY.items())))
    assert file.epochs == 2
    state = file.read()
    assert bare(state) == bare(STATE)
    assert arrays(state) == arrays(STATE)
    assert state.epochs_in_stage == 2


def test_more_than_ten_arrays_keep_their_order(tmp_path) -> None:
    file = StateFile(tmp_path / "state.npz", IDENTITY)
    file.write(replace(STATE, variables=[np.array(number) for number in range(120)]))
    assert [int(array) for array in file.read().variables] == list(range(120))


def test_there_is_no_state_before_the_first_and_a_partial_file_is_ignored(tmp_path) -> None:
    file = StateFile(tmp_path / "state.npz", IDENTITY)
    assert (file.read(), file.epochs) == (None, 0)
    (tmp_path / ".state.npz.part").write_bytes(b"PK partial")
    assert file.read() is None
    file.write(STATE)
    assert bare(file.read()) == bare(STATE)
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.npz"]


@pytest.mark.parametrize("changed", [{"data": "e" * 64}, {"more": "x"}], ids=["other", "more"])
def test_state_of_another_run_is_refused(tmp_path, changed) -> None:
    StateFile(tmp_path / "state.npz", IDENTITY).write(STATE)
    with pytest.raises(InputError, match="the state of another run, which differs in config, data") as error:
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
    elif how == "encrypted":  # by a flag of each member, in its header and in the archive's table
        for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            start = content.index(signature)
            content = content[: start + flags] + b"\x01" + content[start + flags + 1 :]
        file.write_bytes(content)
    elif how == "another archive":
        np.savez(file, a=1)
    elif how == "other fields":
        np.savez(file, identity=identity_hash(IDENTITY), rest='{"stage": 1}')
    elif how == "a folder":
        file.unlink()
        file.mkdir()


@pytest.mark.parametrize(
    "how", ["empty", "no archive", "half", "one bit", "encrypted", "another archive", "other fields", "a folder"]
)
def test_damaged_file_is_one_line_that_says_what_to_do(tmp_path, how) -> None:
    path = tmp_path / "state.npz"
    StateFile(path, IDENTITY).write(STATE)
    damaged(path, how)
    with pytest.raises(InputError, match=f"{path}: expected the state of an unfinished run .* remove its folder") as it:
        StateFile(path, IDENTITY).read()
    assert "\n" not in str(it.value)


def test_missing_folder_is_reported_and_the_run_would_start_over(tmp_path) -> None:
    with pytest.raises(InputError) as error:
        StateFile(tmp_path / "gone" / "state.npz", IDENTITY).write(STATE)
    assert str(error.value) == (
        f"{tmp_path}/gone: the state after epoch 2 cannot be saved (No such file or directory); expected a "
        "writable folder: fix that and repeat the command, which starts over"
    )


@pytest.fixture
def full_disk():
    """Limits files to 64 kB: like a full disk, the system refuses to write more."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_full_disk_is_one_line_and_keeps_the_last_state(tmp_path, full_disk) -> None:
    file = StateFile(tmp_path / "state.npz", IDENTITY)
    file.write(STATE)
    bigger = replace(STATE, history=(*STATE.history, EPOCH), variables=[np.zeros(100_000)])
    with pytest.raises(InputError) as error:
        file.write(bigger)
    assert str(error.value) == (
        f"{tmp_path}: the state after epoch 3 cannot be saved (File too large); expected 1 MB of free space: fix that "
        "and repeat the command, which resumes after epoch 2"
    )
    assert bare(file.read()) == bare(STATE)
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.npz"]


@pytest.mark.parametrize("call", ["os.fsync", "os.replace", "numpy.savez"])
def test_any_failure_while_saving_keeps_the_last_state(tmp_path, monkeypatch, call) -> None:
    file = StateFile(tmp_path / "state.npz", IDENTITY)
    file.write(STATE)

    def full(*_, **__) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(call, full)
    with pytest.raises(InputError, match=r"cannot be saved \(No space left on device\)"):
        file.write(replace(STATE, stage=2))
    assert file.read().stage == 1


def test_file_is_never_partial_under_its_name(tmp_path, monkeypatch) -> None:
    path, stages = tmp_path / "state.npz", []
    file = StateFile(path, IDENTITY)
    file.write(STATE)
    savez = np.savez

    def watched(*arguments, **arrays) -> None:
        savez(*arguments, **arrays)
        stages.append(StateFile(path, IDENTITY).read().stage)

    monkeypatch.setattr(np, "savez", watched)
    file.write(replace(STATE, stage=2))
    assert (stages, file.read().stage) == ([1], 2)
