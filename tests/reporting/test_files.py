"""Output paths are checked up front, and files are replaced atomically."""

import os

import pytest

from bloodcells.config.errors import InputError
from bloodcells.reporting.files import (
    checked_output,
    move_into_place,
    replacing,
    staging,
    write_all,
    write_atomically,
)


@pytest.fixture
def full_disk(monkeypatch):
    def fail(*arguments) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", fail)


def test_file_in_an_existing_folder_is_accepted(tmp_path, monkeypatch) -> None:
    assert checked_output(str(tmp_path / "a.html")) == tmp_path / "a.html"
    monkeypatch.chdir(tmp_path)
    write_atomically(checked_output("a.html"), "é")
    assert (tmp_path / "a.html").read_bytes() == "é".encode()


def test_folder_and_file_in_a_missing_folder_are_rejected(tmp_path) -> None:
    with pytest.raises(InputError, match=r"is a folder; expected the name of a file"):
        checked_output(str(tmp_path))
    with pytest.raises(InputError, match=r"no folder .*none; expected an existing one"):
        checked_output(str(tmp_path / "none" / "a.html"))
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"no folder .*file"):
        checked_output(str(tmp_path / "file" / "a.html"))


def test_previous_file_stays_when_replacing_it_fails(tmp_path, full_disk) -> None:
    page = tmp_path / "a.html"
    page.write_text("old")
    with pytest.raises(OSError, match="no space"):
        write_atomically(page, "new")
    assert page.read_text() == "old"
    assert list(tmp_path.iterdir()) == [page]


def test_previous_file_stays_when_the_writer_is_interrupted(tmp_path) -> None:
    page = tmp_path / "a.html"
    page.write_text("old")

    def interrupted() -> None:
        with replacing(page) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert page.read_text() == "old"
    assert list(tmp_path.iterdir()) == [page]


def test_write_all_creates_folders_and_keeps_other_files(tmp_path) -> None:
    folder = tmp_path / "new"
    write_all(folder, {"a.md": "é", "figures/b.png": b"\x89"})
    write_all(folder, {"a.md": "second"})
    assert (folder / "a.md").read_text() == "second"
    assert (folder / "figures" / "b.png").read_bytes() == b"\x89"
    assert sorted(entry.name for entry in folder.iterdir()) == ["a.md", "figures"]


def test_write_all_replaces_nothing_if_one_file_cannot_be_replaced(tmp_path) -> None:
    write_all(tmp_path, {"a.md": "old"})
    (tmp_path / "b.md").mkdir()
    with pytest.raises(InputError, match=r"^output=.*: cannot be written to \(b\.md is a folder\); expected"):
        write_all(tmp_path, {"a.md": "new", "b.md": "new"})
    assert (tmp_path / "a.md").read_text() == "old"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.md", "b.md"]


def test_staged_file_and_folder_replace_previous_ones(tmp_path) -> None:
    for kind in ("file", "folder"):
        for content in ("old", "new"):
            with staging(tmp_path) as stage:
                written = stage / kind
                if kind == "folder":
                    written.mkdir()
                    (written / content).touch()
                else:
                    written.write_text(content)
                move_into_place(written, tmp_path / kind)
    assert (tmp_path / "file").read_text() == "new"
    assert [entry.name for entry in (tmp_path / "folder").iterdir()] == ["new"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder"]


def test_staging_leaves_nothing_behind_when_interrupted(tmp_path) -> None:
    def interrupted() -> None:
        with staging(tmp_path / "new" / "folder") as stage:
            (stage / "half").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list((tmp_path / "new" / "folder").iterdir()) == []


def test_staging_in_a_file_is_an_input_error(tmp_path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        InputError, match=r"output=.*/file: cannot be written to .*; expected a writable folder"
    ) as error:
        write_all(tmp_path / "file", {"a": "b"})
    assert "\n" not in str(error.value)
