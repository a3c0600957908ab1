"""Errors of a server are one line each, and different."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.schema import RankBy, ServerTracking
from bloodcells.tracking.errors import NoResponseError
from bloodcells.tracking.store import source_of


@pytest.fixture
def answering() -> Iterator[Callable[[int], str]]:
    """A function that starts a web server with one answer to all requests, and returns its address."""
    servers = []

    def start(status: int) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"<html>not MLflow</html>")

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None: ...

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "text", "later"),
    [
        (401, r"refuses the name and password \(status 401\): set the environment variables MLFLOW_TRACKING_U", False),
        (403, r"denies this user access to experiment “x” \(status 403\): ask its administrator", False),
        (404, r"not as MLflow's does \(status 404\); expected the address", False),
        (200, r"not as MLflow's does \(no JSON\); expected the address", False),
        (500, "the MLflow server fails with status 500", True),
        (503, "the MLflow server fails with status 503", True),
    ],
)
def test_answers_that_are_not_mlflows_are_told_apart(answering, monkeypatch, status, text, later) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    uri = answering(status)
    store = source_of(ServerTracking("server", "mlruns", "x", tensorboard=False, uri=uri, rank_by=RankBy.composed))
    with pytest.raises(InputError, match=f"tracking.uri={uri}: .*{text}") as error:
        store.existing_experiment()
    assert isinstance(error.value, NoResponseError) == later
    assert "\n" not in str(error.value)
