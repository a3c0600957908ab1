"""The file with a backbone's initial weights, downloaded if necessary before a run starts."""

import logging
import os
from pathlib import Path

import pooch
import requests

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Backbone

TIMEOUT_SECONDS = 10  # without a response from the server


def weights_file(config: Backbone) -> Path | None:
    """The local file that `backbone.weights` names; None for random weights.

    ImageNet weights are downloaded by pooch into Keras's cache, unless they are there already. Raises InputError within
    seconds if weights are not available; it names the URL, where to put a file downloaded elsewhere, and alternatives.
    """
    check_weights(config)
    if config.weights is None:
        return None
    return _imagenet(config) if config.weights == "imagenet" else Path(config.weights)


def check_weights(config: Backbone) -> None:
    """Raises InputError if `backbone.weights` names a file that does not exist or cannot be read. Downloads nothing."""
    if config.weights in (None, "imagenet"):
        return
    path = Path(config.weights)
    if not path.is_file():
        raise InputError(f"backbone.weights={path}: no such file; expected imagenet, null or a weights file (.h5)")
    if path.suffix != ".h5":
        raise InputError(f"backbone.weights={path}: expected an HDF5 file that ends in .h5, as save_weights writes it")


def _imagenet(config: Backbone) -> Path:
    download = config.download
    if download is None:
        raise InputError(
            f"backbone.weights=imagenet: {config.label} has no ImageNet weights; expected null or a weights file (.h5)"
        )
    cache = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        downloader = pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT_SECONDS)
        return Path(pooch.retrieve(download.url, download.hash, fname=download.file, path=cache, downloader=downloader))
    except (requests.RequestException, OSError, ValueError) as error:  # no network, cache not writable, wrong hash
        raise InputError(
            f"backbone.weights=imagenet: could not download {download.url} ({_reason(error)}); download it on another "
            f"machine and put it at {cache / download.file}, or give backbone.weights=PATH, or train from "
            "random weights with backbone.weights=null"
        ) from error


def _reason(error: BaseException) -> str:
    """The innermost cause of a failed download, in one line."""
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {error}".splitlines()[0]
