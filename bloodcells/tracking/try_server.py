"""A tracking server for trying: `make server` starts PostgreSQL and MLflow before it on this machine.

Everything is kept in mlruns/server. A real server is described in README.md, next to this file.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError, error_line

FOLDER = CHECKOUT / "mlruns" / "server"
HOST = "127.0.0.1"
MOST_SECONDS = 60  # in which PostgreSQL starts


def main() -> None:
    """Serves until it is interrupted; the first argument is the port. Exits with one line if PostgreSQL is missing."""
    port = sys.argv[1] if len(sys.argv) > 1 else "5000"
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="bloodcells-") as sockets:  # the path of a socket must be short
        try:
            database = _started_postgres(sockets)
        except InputError as error:
            sys.exit(error_line(error))
        _serve(database, f"postgresql+psycopg://postgres@/postgres?host={sockets}", port)


def _serve(database: "subprocess.Popen[bytes]", uri: str, port: str) -> None:
    """Serves until it is interrupted, then ends both processes."""
    server = None
    try:
        command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--host", HOST, "--port", port]
        command += ["--artifacts-destination", str(FOLDER / "artifacts"), "--workers", "2"]
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        print(f"use it with   tracking=server tracking.uri=http://{HOST}:{port}", flush=True)
        server = subprocess.Popen(command, env=os.environ | quiet, start_new_session=True)
        server.wait()
    except KeyboardInterrupt:
        pass
    finally:
        for process in (server, database):  # MLflow before its database
            if process:
                with suppress(psutil.NoSuchProcess):
                    family = psutil.Process(process.pid).children(recursive=True)
                    process.terminate()
                    psutil.wait_procs(family, timeout=30)
                process.wait()


def _started_postgres(sockets: str) -> "subprocess.Popen[bytes]":
    """PostgreSQL, which listens on a socket in the folder `sockets` only. Raises InputError if it is not installed."""
    data, user = FOLDER / "postgres", "postgres" if os.getuid() == 0 else None  # it refuses to run as root
    FOLDER.mkdir(parents=True, exist_ok=True)
    if user:
        shutil.chown(FOLDER, user)
        shutil.chown(sockets, user)
    if not data.exists():
        print(f"creating a database in {data}", flush=True)
        subprocess.run(
            [_program("initdb"), "--pgdata", data, "--username", "postgres", "--auth", "trust", "--encoding", "UTF8"],
            stdout=subprocess.DEVNULL, user=user, check=True,
        )  # fmt: skip
    command = [_program("postgres"), "-D", str(data), "-k", sockets, "-h", "", "-F"]
    process = subprocess.Popen(command, user=user, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + MOST_SECONDS
    while subprocess.run([_program("pg_isready"), "-q", "-h", sockets], check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise InputError(f"PostgreSQL does not start in {data}: see {_program('postgres')} -D {data} for the cause")
        time.sleep(0.2)
    return process


def _program(name: str) -> str:
    """The path of one of PostgreSQL's programs, which Debian keeps out of the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if path := str(found[-1]) if found else shutil.which(name):
        return path
    raise InputError(
        f"{name}: not found; expected PostgreSQL: sudo apt install postgresql, or without it a server with SQLite, as "
        "in bloodcells/tracking/README.md"
    )


if __name__ == "__main__":
    main()
