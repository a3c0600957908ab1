"""Where weights come from, a server of our own standing in for Keras's, and what is said where they cannot be had."""

import dataclasses
import hashlib
import http.server
import socket
import threading
import time

import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Backbone, MobileNetV2
from bloodcells.model import weights
from bloodcells.model.catalogue import CATALOGUE
from bloodcells.model.weights import weights_file

CONTENT = b"weights" * 1000


def imagenet(name: str = "vgg19") -> Backbone:
    return Backbone(name, "imagenet", None)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


@pytest.fixture
def server(tmp_path):
    """An HTTP server on this machine; gives its address and the folder it serves."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *arguments) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}", folder
        httpd.shutdown()


def at(monkeypatch, name: str, url: str, weights_hash: str | None = None) -> None:
    facts = dataclasses.replace(CATALOGUE[name], weights_url=url, weights_hash=weights_hash)
    monkeypatch.setitem(CATALOGUE, name, facts)


def test_null_is_no_file() -> None:
    assert weights_file(Backbone("vgg19", None, None)) is None


def test_a_file_is_itself(tmp_path) -> None:
    (tmp_path / "w.weights.h5").touch()
    assert weights_file(Backbone("vgg19", str(tmp_path / "w.weights.h5"), None)) == tmp_path / "w.weights.h5"


@pytest.mark.parametrize(("name", "message"), [("none.h5", "no such file"), ("w.ckpt", "HDF5 file that ends in .h5")])
def test_a_file_that_is_missing_or_of_another_kind(tmp_path, name, message) -> None:
    (tmp_path / "w.ckpt").touch()
    with pytest.raises(InputError, match=message):
        weights_file(Backbone("vgg19", str(tmp_path / name), None))


def test_imagenet_weights_are_downloaded_once_into_kerass_cache(server, cache, monkeypatch) -> None:
    address, folder = server
    (folder / "vgg.h5").write_bytes(CONTENT)
    at(monkeypatch, "vgg19", f"{address}/vgg.h5", f"sha256:{hashlib.sha256(CONTENT).hexdigest()}")
    assert weights_file(imagenet()) == cache / "vgg.h5"
    assert (cache / "vgg.h5").read_bytes() == CONTENT
    (folder / "vgg.h5").unlink()
    assert weights_file(imagenet()) == cache / "vgg.h5"


def test_a_download_that_is_another_file_than_meant_is_refused_and_not_kept(server, cache, monkeypatch) -> None:
    address, folder = server
    (folder / "vgg.h5").write_bytes(CONTENT[:-1])
    at(monkeypatch, "vgg19", f"{address}/vgg.h5", f"sha256:{hashlib.sha256(CONTENT).hexdigest()}")
    with pytest.raises(InputError, match="hash"):
        weights_file(imagenet())
    assert not (cache / "vgg.h5").exists()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_without_a_network_one_line_says_what_was_tried_and_what_can_be_done(cache, monkeypatch) -> None:
    url = f"http://127.0.0.1:{free_port()}/vgg.h5"
    at(monkeypatch, "vgg19", url)
    with pytest.raises(InputError) as error:
        weights_file(imagenet())
    said = str(error.value)
    assert "\n" not in said
    for part in (url, "Connection refused", f"put it at {cache / 'vgg.h5'}", "backbone.weights=PATH", "weights=null"):
        assert part in said


def test_a_missing_file_on_the_server_says_404(server, cache, monkeypatch) -> None:
    at(monkeypatch, "vgg19", f"{server[0]}/none.h5")
    with pytest.raises(InputError, match="404"):
        weights_file(imagenet())


def test_a_server_that_never_answers_is_an_error_within_seconds(cache, monkeypatch) -> None:
    monkeypatch.setattr(weights, "SECONDS_WITHOUT_AN_ANSWER", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        at(monkeypatch, "vgg19", f"http://127.0.0.1:{silent.getsockname()[1]}/vgg.h5")
        began = time.perf_counter()
        with pytest.raises(InputError, match="timed out"):
            weights_file(imagenet())
        assert time.perf_counter() - began < 10


def test_mobilenets_file_follows_its_width_and_the_size_it_is_resized_to(server, cache, monkeypatch) -> None:
    address, folder = server
    at(monkeypatch, "mobilenetv2", f"{address}/{{alpha}}_{{size}}.h5")
    for name in ("0.35_224.h5", "1.0_128.h5"):
        (folder / name).write_bytes(CONTENT)
    assert weights_file(MobileNetV2("mobilenetv2", "imagenet", None, 0.35)).name == "0.35_224.h5"
    assert weights_file(MobileNetV2("mobilenetv2", "imagenet", 128, 1.0)).name == "1.0_128.h5"
    with pytest.raises(InputError, match=r"backbone\.alpha=0\.4: ImageNet weights exist for 0\.35, 0\.5"):
        weights_file(MobileNetV2("mobilenetv2", "imagenet", None, 0.4))


def test_our_own_backbone_has_no_imagenet_weights() -> None:
    with pytest.raises(InputError, match="smallcnn has none; expected null or a weights file"):
        weights_file(imagenet("smallcnn"))
