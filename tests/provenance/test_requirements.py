"""Requirements of distributions, followed through made-up ones."""

from bloodcells.provenance.requirements import required


def installed(folder, name: str, *requires: str) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {line}" for line in requires)]
    (info / "METADATA").write_text("\n".join(lines) + "\n")


def test_requirements_are_followed_and_extras_count_where_they_are_asked_for(tmp_path, monkeypatch) -> None:
    installed(tmp_path, "zz_top", "zz-middle[fast]>=1", "zz-linter; extra == 'dev'", "zz-mac; sys_platform == 'mac'")
    installed(tmp_path, "zz_middle", "zz-top", "zz-speed; extra == 'fast'", "zz-gone")
    for name in ("zz_speed", "zz_linter", "zz_mac"):
        installed(tmp_path, name)
    monkeypatch.syspath_prepend(tmp_path)
    assert list(required("zz_top")) == ["zz-middle", "zz-speed", "zz-top"]
    assert list(required("zz-top[dev]")) == ["zz-linter", "zz-middle", "zz-speed", "zz-top"]
    assert list(required("zz-speed", "zz-gone")) == ["zz-speed"]
    assert {entry.version for entry in required("zz-top").values()} == {"1.0"}
