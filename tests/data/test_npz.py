"""Archives: the course report's format, and all the ways in which a file can be invalid."""

import hashlib
import zipfile

import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.data import npz
from bloodcells.data.npz import load_npz

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
LABELS = (np.arange(12) % 4).astype(np.uint8)[:, None]


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "cells.npz"
    np.savez_compressed(path, images=PIXELS, labels=LABELS)
    return path


def test_course_reports_format_loads(archive) -> None:
    images = load_npz(str(archive))
    assert np.array_equal(images.pixels, PIXELS)
    assert images.labels.tolist() == LABELS.ravel().tolist()
    assert images.examples.tolist() == [str(i) for i in range(12)]


def test_class_names_come_from_the_archive(tmp_path) -> None:
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=LABELS, class_names=["a", "b", "c", "d"])
    assert load_npz(str(tmp_path / "a.npz")).class_names == ("a", "b", "c", "d")


def test_known_archive_is_recognized_by_its_hash(archive, monkeypatch) -> None:
    monkeypatch.setitem(npz.KNOWN_ARCHIVES, hashlib.sha256(archive.read_bytes()).hexdigest(), "a known archive")
    assert "a known archive" in load_npz(str(archive)).origin


def test_missing_file_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_npz(str(tmp_path / "none.npz"))


def test_file_that_is_not_an_archive_is_refused(tmp_path) -> None:
    (tmp_path / "a.npz").write_text("images")
    np.save(tmp_path / "b.npy", PIXELS)
    for name in ("a.npz", "b.npy"):
        with pytest.raises(InputError, match=r"not an \.npz archive"):
            load_npz(str(tmp_path / name))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_archive_is_refused(archive, share) -> None:
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match="truncated"):
        load_npz(str(archive))


def test_archive_damaged_in_the_middle_is_refused(archive) -> None:
    whole = bytearray(archive.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    archive.write_bytes(whole)
    with pytest.raises(InputError, match="damaged"):
        load_npz(str(archive))


@pytest.mark.parametrize("missing", ["images", "labels"])
def test_missing_array_is_named_with_the_arrays_received(tmp_path, missing) -> None:
    arrays = {"images": PIXELS, "labels": LABELS, "extra": LABELS}
    del arrays[missing]
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match=f"no array {missing}; .*received .*extra"):
        load_npz(str(tmp_path / "a.npz"))


def test_class_names_may_be_bytes(tmp_path) -> None:
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=LABELS, class_names=np.array([b"a", b"b", b"c", b"d"]))
    assert load_npz(str(tmp_path / "a.npz")).class_names == ("a", "b", "c", "d")


def test_undecodable_bytes_in_class_names_are_replaced(tmp_path) -> None:
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=LABELS, class_names=np.array([b"a\xe9", b"b\xe9", b"c", b"d"]))
    assert load_npz(str(tmp_path / "a.npz")).class_names == ("a\ufffd", "b\ufffd", "c", "d")


@pytest.mark.parametrize("names", [np.array([["a", "b"], ["c", "d"]]), np.arange(4), np.array("abcd")])
def test_class_names_that_are_not_a_list_of_text_are_refused(tmp_path, names) -> None:
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=LABELS, class_names=names)
    with pytest.raises(InputError, match="expected text of shape"):
        load_npz(str(tmp_path / "a.npz"))


def test_member_that_is_not_an_array_is_named(archive) -> None:
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("images", b"not an array")
        file.writestr("labels.npy", b"")
    with pytest.raises(InputError, match="images is not a NumPy array"):
        load_npz(str(archive))


def test_archive_damaged_anywhere_loads_or_gives_a_one_line_error(archive) -> None:
    whole, draw = archive.read_bytes(), np.random.default_rng(0)
    headers = [place for place in range(len(whole)) if whole[place : place + 2] == b"PK"]
    messages = []
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[min(draw.choice(headers) + draw.integers(200), len(whole) - 1)] = draw.integers(256)
        archive.write_bytes(damaged)
        try:
            load_npz(str(archive))
        except InputError as error:
            messages.append(str(error))
    assert len(messages) > 100
    assert not any("\n" in message for message in messages)


class Trap:
    """Records that it was unpickled."""

    sprung = False

    def __reduce__(self):
        return (setattr, (Trap, "sprung", True))


@pytest.mark.parametrize("key", ["images", "labels", "class_names"])
def test_pickled_arrays_are_refused_and_never_unpickled(tmp_path, key) -> None:
    arrays = {"images": PIXELS, "labels": LABELS, key: np.array([Trap()] * 12, dtype=object)}
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match=f"array {key} is a pickled object array, which is refused"):
        load_npz(str(tmp_path / "a.npz"))
    assert not Trap.sprung


def test_images_are_resized(tmp_path) -> None:
    pixels = np.repeat(np.arange(4, dtype=np.uint8) * 60, 2)[:, None, None, None] * np.ones((1, 20, 20, 3), np.uint8)
    np.savez(tmp_path / "a.npz", images=pixels, labels=np.arange(8) % 2)
    images = load_npz(str(tmp_path / "a.npz"), resize=10)
    assert np.array_equal(images.pixels, pixels[:, :10, :10])
    assert images.describe().endswith("10 x 10 pixels; 8 of 8 images resized from 20x20 to 10x10 pixels")
    assert load_npz(str(tmp_path / "a.npz"), resize=20).remarks == ()
