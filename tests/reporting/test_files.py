"""A page is written where it can be, whole or not at all."""

import os

import pytest

from bloodcells.config.errors import InputError
from bloodcells.reporting.files import checked_output, write_whole


def test_a_file_in_a_folder_there_is_will_do(tmp_path, monkeypatch) -> None:
    assert checked_output(str(tmp_path / "a.html")) == tmp_path / "a.html"
    monkeypatch.chdir(tmp_path)
    write_whole(checked_output("a.html"), "é")
    assert (tmp_path / "a.html").read_bytes() == "é".encode()


def test_a_folder_and_a_file_in_no_folder_are_refused(tmp_path) -> None:
    with pytest.raises(InputError, match=r"a folder; expected the name of a file"):
        checked_output(str(tmp_path))
    with pytest.raises(InputError, match=r"no folder .*none; expected one that exists"):
        checked_output(str(tmp_path / "none" / "a.html"))
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"no folder .*file"):
        checked_output(str(tmp_path / "file" / "a.html"))


def test_what_was_there_stays_when_writing_fails(tmp_path, monkeypatch) -> None:
    page = tmp_path / "a.html"
    write_whole(page, "old")

    def full(*arguments) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        write_whole(page, "new")
    assert page.read_text() == "old"
    assert list(tmp_path.iterdir()) == [page]
