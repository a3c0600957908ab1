"""The serve program: a model that answers over HTTP."""

import base64
import io
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

from bloodcells.config.errors import InputError
from bloodcells.runs.images import split_images
from bloodcells.serve import serve
from tests.conftest import config_of


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def ask(port: int, images: list[str]) -> tuple[int, dict]:
    """The status and the content of the answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        json.dumps({"inputs": images}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def png(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_server_answers_with_class_names_refuses_other_sizes_and_ends_on_sigterm(trained_run, tmp_path, port) -> None:
    arguments = ["run_id=best", f"port={port}", f"tracking.directory={trained_run.folder}/mlruns"]
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bloodcells.serve", *arguments], cwd=tmp_path, stdout=output, stderr=output
        )
    try:
        while "Application startup complete" not in log.read_text():
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        images = split_images(trained_run.run, "test")["test"].pixels[:2]
        status, answer = ask(port, [png(image) for image in images])
        test = trained_run.run.predictions().of("test")
        expected = [dict(zip(test.class_names, row, strict=True)) for row in test.probabilities[:2].tolist()]
        assert status == 200
        assert answer["predictions"] == [pytest.approx(row, abs=1e-5) for row in expected]
        status, answer = ask(port, [png(images[0, 1:])])
        assert (status, answer["message"]) == (
            400,
            "received images of 32 x 31 pixels; expected 32 x 32 pixels: resize them first",
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
    assert process.returncode == 130
    assert not answers(port)
    assert f"serving  run {trained_run.run.id}" in log.read_text()


def test_port_in_use_is_one_line(trained_run, monkeypatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("started"))
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
        where = f"tracking.directory={trained_run.folder}/mlruns"
        with pytest.raises(InputError, match=rf"^port={port}: Address already in use; expected a free port"):
            serve(config_of("serve", "run_id=best", f"port={port}", where))
