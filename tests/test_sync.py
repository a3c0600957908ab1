"""The command that copies runs between stores."""

import sys
from pathlib import Path

import pytest

from bloodcells import sync
from bloodcells.config.errors import InputError
from bloodcells.report import report
from tests.conftest import config_of


def synced(source: object, target: object) -> None:
    sync.sync(config_of("sync", f"source='{source}'", f"target='{target}'", "tracking.experiment=bloodcells"))


def reported(store: Path, folder: Path) -> dict[str, bytes]:
    report(config_of("report", f"tracking.directory='{store}'", f"output={folder}/report"))
    return {file.name: file.read_bytes() for file in (folder / "report").rglob("*") if file.is_file()}


def test_a_synced_store_gives_the_same_report(trained_run, tmp_path, caplog, monkeypatch) -> None:
    caplog.set_level("INFO", "bloodcells")
    monkeypatch.chdir(tmp_path)
    ours = trained_run.folder / "mlruns"
    synced(ours, "their runs=1")  # relative to the current folder
    assert "copied or brought up to date, 0 were there already" in caplog.text
    caplog.clear()
    synced(ours, tmp_path / "their runs=1")
    assert "runs    0 copied or brought up to date" in caplog.text
    one, other = reported(ours, tmp_path / "one"), reported(tmp_path / "their runs=1", tmp_path / "other")
    assert one.keys() == other.keys()
    for name, content in one.items():
        if name.endswith((".png", ".csv", ".md")):  # the page has the store's name and links to its runs
            text = other[name]
            for run in (tmp_path / "their runs=1/artifacts").iterdir():
                text = text.replace(run.name.encode(), trained_run.run.id.encode())
            assert text == content, name


@pytest.mark.parametrize(
    ("source", "target", "error"),
    [
        ("a", "a", "from=a: the same as to; expected two stores"),
        ("", "new", "from has no value: give from=FOLDER"),
        ("missing", "new", "from=missing: no runs are stored there; expected the folder of an earlier training"),
        ("http://a:b@c", "new", "tracking.uri: contains a name or a password"),
    ],
)
def test_errors_are_one_line_and_nothing_is_created(tmp_path, monkeypatch, source, target, error) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=error) as raised:
        synced(source, target)
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_from_and_to_are_names_of_keys_on_the_command_line(monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["sync", "from=a=b", "to=http://c?from=d", "tracking.experiment=to=e"])
    given: list[str] = []
    monkeypatch.setattr(sync, "_program", lambda: given.extend(sys.argv[1:]))
    sync.main()
    assert given == ["source=a=b", "target=http://c?from=d", "tracking.experiment=to=e"]
