"""`make server`, and every command with it."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from bloodcells.config.checkout import CHECKOUT
from tests.conftest import TINY
from tests.resume.process import Command
from tests.sweep.command import Sweep

FOUND = shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
pytestmark = pytest.mark.skipif(not FOUND, reason="needs PostgreSQL: sudo apt install postgresql")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server, whose data are in a folder of their own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("server")
    for parent in (folder, *folder.parents[:3]):  # PostgreSQL runs as another user if this one is root
        parent.chmod(0o755)
    code = (
        "import sys, pathlib; from bloodcells.tracking import try_server; "
        f"try_server.FOLDER = pathlib.Path({str(folder / 'data')!r}); sys.argv = ['', '{port}']; try_server.main()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 300
    while True:
        try:
            if requests.get(f"{address}/health", timeout=5).ok:
                break
        except requests.ConnectionError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.5)
    family = psutil.Process(process.pid).children(recursive=True)
    assert any("postgres" in child.name() for child in family)
    yield address
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    assert not psutil.wait_procs(family, timeout=60)[1]  # nothing is left running


def test_every_command_works_with_a_server_on_postgresql(address, tmp_path) -> None:
    server = ("tracking=server", f"tracking.uri={address}")

    def run(program: str, *arguments: str) -> str:  # on another machine, which has no runs of its own
        command = Command(tmp_path / "other", (*arguments, "tracking.rank_by=clean"), program=program)
        assert command.run() == 0, command.output("err")
        return command.output("out")

    sweep = Sweep(tmp_path / "mlruns", ("--multirun", "study=s", "seed=0,1", *TINY, *server, "tracking.rank_by=clean"))
    assert sweep.run(sweep.served()) == 0, sweep.output("err")
    assert "2 runs" in run("report", "study=s", f"output={tmp_path}/report", *server)
    assert "accuracy" in run("evaluate", "run_id=best", *server)
    assert "bit-identical" in run("reproduce", "run_id=best", *server)
    assert "version 1" in run("register", "run_id=best", *server)
    assert "labels equal" in run("export", "run_id=best", "format=keras", f"output={tmp_path}/export", *server)
