"""An MLflow server, and a proxy before it that injects faults, both in threads of this process."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread

import mlflow.server as mlflow_server
import pytest
import requests
from werkzeug.serving import make_server

from bloodcells.tracking.database import database_uri
from bloodcells.tracking.store import store_of
from tests.conftest import composed

FAULTS = ("refuse", "hang", "error 500", "slow", "lose the answer", "cut the answer")
PASS = "pass"
TIMEOUT = "1"  # seconds after which clients give up; a fault that hangs takes longer
PATIENT = "100"  # seconds that no request takes, even on a busy machine
DENIED = "deny what is missing"  # as a server with users does, except to its administrator


def give_up_after(seconds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets the time after which clients give up."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", seconds)
    monkeypatch.setenv("MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT", seconds)


@contextmanager
def mlflow_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of MLflow's server, which keeps its data in `folder`."""
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv(mlflow_server.BACKEND_STORE_URI_ENV_VAR, database_uri(folder))
    monkeypatch.setenv(mlflow_server.ARTIFACT_ROOT_ENV_VAR, "mlflow-artifacts:/")
    monkeypatch.setenv(mlflow_server.ARTIFACTS_DESTINATION_ENV_VAR, str(folder / "artifacts"))
    monkeypatch.setenv(mlflow_server.SERVE_ARTIFACTS_ENV_VAR, "true")
    for store in ("_tracking_store", "_artifact_repo"):
        monkeypatch.setattr(mlflow_server.handlers, store, None)
    store_of(composed(f"tracking.directory={folder}", "tracking.experiment=tables").tracking).open()
    web = make_server("127.0.0.1", 0, mlflow_server.app, threaded=True)
    thread = Thread(target=web.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.port}"
    finally:
        web.shutdown()
        thread.join()


class Proxy(ThreadingHTTPServer):
    """Forwards requests to `target`; `fault` names what happens to a request, by its number from 0."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target, self.fault, self.number = target, _pass, 0
        self.requests = Counter[str]()  # by fault
        self.lock = Lock()
        Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None: ...  # clients that have given up


def _pass(_: int) -> str:
    return PASS


def at_random(seed: int, share: float) -> Callable[[int], str]:
    """A fault for each request with this probability, else none."""
    draws = random.Random(seed)
    return lambda _: draws.choice(FAULTS) if draws.random() < share else PASS


class _Handler(BaseHTTPRequestHandler):
    server: Proxy

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b"".join(self._chunks())
        with self.server.lock:
            fault, self.server.number = self.server.fault(self.server.number), self.server.number + 1
            self.server.requests[fault] += 1
        self.close_connection = True
        if fault == "refuse":
            return
        if fault == "hang":
            time.sleep(2 * float(TIMEOUT))
            return
        if fault == "error 500":
            self.send_error(500)
            return
        if fault == "slow":
            time.sleep(0.3 * float(TIMEOUT))
        headers = {key: value for key, value in self.headers.items() if key not in ("Host", "Transfer-Encoding")}
        answer = requests.request(self.command, self.server.target + self.path, data=body, headers=headers, timeout=60)
        if fault == "lose the answer":
            return
        if fault == DENIED and answer.status_code == 404:
            self.send_error(403)
            return
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content[: len(answer.content) // 2] if fault == "cut the answer" else answer.content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _forward  # noqa: N815

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def log_message(self, *_: object) -> None: ...
