"""A server for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.server import TIMEOUT, Proxy, give_up_after, mlflow_on


@pytest.fixture
def proxy(tmp_path, monkeypatch) -> Iterator[Proxy]:
    """A proxy before MLflow's server, whose clients give up soon."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    give_up_after(TIMEOUT, monkeypatch)
    with mlflow_on(tmp_path / "server", monkeypatch) as address:
        made = Proxy(address)
        yield made
        made.shutdown()
        made.server_close()
