"""The place of what is written."""

import pytest

from bloodcells.config.errors import InputError
from bloodcells.deployment.place import megabytes, put, workshop


def test_a_file_and_a_folder_replace_what_was_there(tmp_path) -> None:
    for kind in ("file", "folder"):
        for content in ("old", "new"):
            with workshop(str(tmp_path)) as folder:
                written = folder / kind
                if kind == "folder":
                    written.mkdir()
                    (written / content).touch()
                else:
                    written.write_text(content)
                put(written, tmp_path / kind)
    assert (tmp_path / "file").read_text() == "new"
    assert [entry.name for entry in (tmp_path / "folder").iterdir()] == ["new"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder"]


def test_nothing_is_left_of_what_failed(tmp_path) -> None:
    def interrupted() -> None:
        with workshop(str(tmp_path / "new" / "folder")) as folder:
            (folder / "half").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list((tmp_path / "new" / "folder").iterdir()) == []


def test_a_folder_that_cannot_be_one_is_one_line(tmp_path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(InputError, match=r"output=.*/file: expected a folder that can be written to"),
        workshop(str(tmp_path / "file")),
    ):
        pass


def test_megabytes_are_of_all_files_in_a_folder(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"0" * 1_500_000)
    (tmp_path / "c").write_bytes(b"0" * 500_000)
    assert megabytes(tmp_path) == 2
    assert megabytes(tmp_path / "c") == 0.5
