"""A server for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.server import TIMEOUT, Proxy, mlflow_on


@pytest.fixture
def proxy(tmp_path, monkeypatch) -> Iterator[Proxy]:
    """A proxy before MLflow's server, whose clients give up soon."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", TIMEOUT)
    monkeypatch.setenv("MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT", TIMEOUT)
    with mlflow_on(tmp_path / "server", monkeypatch) as address:
        made = Proxy(address)
        yield made
        made.shutdown()
        made.server_close()
