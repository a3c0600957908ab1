"""The source of a backbone's weights, with a local HTTP server in place of Keras's, and the errors."""

import hashlib
import http.server
import socket
import threading
import time

import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Download
from bloodcells.model import backbones, weights
from bloodcells.model.backbones import VGG19, MobileNetV2, SmallCNN
from bloodcells.model.weights import weights_file

CONTENT = b"weights" * 1000


def vgg19(source: str | None = "imagenet") -> VGG19:
    return VGG19("vgg19", source, None)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


@pytest.fixture
def server(tmp_path):
    """A local HTTP server: its address and the folder it serves."""
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


def download_from(monkeypatch, url: str, weights_hash: str | None = None) -> None:
    monkeypatch.setattr(VGG19, "download", Download(url, "vgg.h5", weights_hash))


def test_null_means_no_file() -> None:
    assert weights_file(vgg19(None)) is None


def test_a_path_is_returned_as_it_is(tmp_path) -> None:
    (tmp_path / "w.weights.h5").touch()
    assert weights_file(vgg19(str(tmp_path / "w.weights.h5"))) == tmp_path / "w.weights.h5"


@pytest.mark.parametrize(("name", "message"), [("none.h5", "no such file"), ("w.ckpt", "HDF5 file that ends in .h5")])
def test_a_missing_file_or_another_format_is_refused(tmp_path, name, message) -> None:
    (tmp_path / "w.ckpt").touch()
    with pytest.raises(InputError, match=message):
        weights_file(vgg19(str(tmp_path / name)))


def test_imagenet_weights_are_downloaded_once_into_the_keras_cache(server, cache, monkeypatch) -> None:
    address, folder = server
    (folder / "vgg.h5").write_bytes(CONTENT)
    download_from(monkeypatch, f"{address}/vgg.h5", f"sha256:{hashlib.sha256(CONTENT).hexdigest()}")
    assert weights_file(vgg19()) == cache / "vgg.h5"
    assert (cache / "vgg.h5").read_bytes() == CONTENT
    (folder / "vgg.h5").unlink()
    assert weights_file(vgg19()) == cache / "vgg.h5"


def test_a_download_with_the_wrong_hash_is_refused_and_not_kept(server, cache, monkeypatch) -> None:
    address, folder = server
    (folder / "vgg.h5").write_bytes(CONTENT[:-1])
    download_from(monkeypatch, f"{address}/vgg.h5", f"sha256:{hashlib.sha256(CONTENT).hexdigest()}")
    with pytest.raises(InputError, match="hash"):
        weights_file(vgg19())
    assert not (cache / "vgg.h5").exists()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_without_a_network_one_line_gives_the_url_and_the_remedies(cache, monkeypatch) -> None:
    url = f"http://127.0.0.1:{free_port()}/vgg.h5"
    download_from(monkeypatch, url)
    with pytest.raises(InputError) as error:
        weights_file(vgg19())
    text = str(error.value)
    assert "\n" not in text
    for part in (url, "Connection refused", f"put it at {cache / 'vgg.h5'}", "backbone.weights=PATH", "weights=null"):
        assert part in text


def test_a_file_that_the_server_does_not_have_is_a_404(server, cache, monkeypatch) -> None:
    download_from(monkeypatch, f"{server[0]}/none.h5")
    with pytest.raises(InputError, match="404"):
        weights_file(vgg19())


def test_a_server_that_does_not_respond_is_an_error_within_seconds(cache, monkeypatch) -> None:
    monkeypatch.setattr(weights, "TIMEOUT_SECONDS", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        download_from(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}/vgg.h5")
        began = time.perf_counter()
        with pytest.raises(InputError, match="timed out"):
            weights_file(vgg19())
        assert time.perf_counter() - began < 10


def test_mobilenet_weights_match_the_width_and_the_input_size(server, cache, monkeypatch) -> None:
    address, folder = server
    monkeypatch.setattr(backbones, "KERAS_WEIGHTS", f"{address}/")
    (folder / "mobilenet_v2").mkdir()
    prefix = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels"
    for name in (f"{prefix}_0.35_224_no_top.h5", f"{prefix}_1.0_128_no_top.h5"):
        (folder / "mobilenet_v2" / name).write_bytes(CONTENT)
    assert weights_file(MobileNetV2("mobilenetv2", "imagenet", None, 0.35)).name == f"{prefix}_0.35_224_no_top.h5"
    assert weights_file(MobileNetV2("mobilenetv2", "imagenet", 128, 1.0)).name == f"{prefix}_1.0_128_no_top.h5"
    with pytest.raises(InputError, match=r"backbone\.alpha=0\.4: ImageNet weights exist for 0\.35, 0\.5"):
        weights_file(MobileNetV2("mobilenetv2", "imagenet", None, 0.4))


def test_smallcnn_has_no_imagenet_weights() -> None:
    with pytest.raises(InputError, match="smallcnn has no ImageNet weights; expected null or a weights file"):
        weights_file(SmallCNN("smallcnn", "imagenet", None))
