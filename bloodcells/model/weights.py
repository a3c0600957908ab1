"""The file a backbone's weights come from, had before anything else is done."""

import logging
import os
from pathlib import Path

import pooch
import requests

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Backbone, MobileNetV2
from bloodcells.model.catalogue import CATALOGUE

MOBILENET_WIDTHS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
MOBILENET_SIZES = (96, 128, 160, 192, 224)
SECONDS_WITHOUT_AN_ANSWER = 10


def weights_file(config: Backbone) -> Path | None:
    """Where the weights that `backbone.weights` names lie on this machine; None for random ones.

    ImageNet weights are downloaded by Keras unless they are in its cache already. Raises InputError within seconds if
    the weights cannot be had, saying what was tried, how to fetch them elsewhere and how to do without.
    """
    if config.weights is None:
        return None
    if config.weights == "imagenet":
        return _imagenet(config)
    path = Path(config.weights)
    if not path.is_file():
        raise InputError(f"backbone.weights={path}: no such file; expected imagenet, null or a weights file (.h5)")
    if path.suffix != ".h5":
        raise InputError(f"backbone.weights={path}: expected an HDF5 file that ends in .h5, as save_weights writes it")
    return path


def _imagenet(config: Backbone) -> Path:
    facts = CATALOGUE[config.name]
    if facts.weights_url is None:
        raise InputError(f"backbone.weights=imagenet: {config.name} has none; expected null or a weights file (.h5)")
    alpha = config.alpha if isinstance(config, MobileNetV2) else None
    if alpha is not None and alpha not in MOBILENET_WIDTHS:
        widths = ", ".join(map(str, MOBILENET_WIDTHS))
        raise InputError(f"backbone.alpha={alpha}: ImageNet weights exist for {widths}; or give backbone.weights=null")
    # Convolutions fit images of any size; Keras offers MobileNetV2's as trained at several.
    size = config.input_size if config.input_size in MOBILENET_SIZES else facts.native_size
    url = facts.weights_url.format(alpha=alpha, size=size)
    name = url.rpartition("/")[2]
    cache = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        download = pooch.HTTPDownloader(progressbar=True, timeout=SECONDS_WITHOUT_AN_ANSWER)
        return Path(pooch.retrieve(url, facts.weights_hash, fname=name, path=cache, downloader=download))
    except (requests.RequestException, OSError, ValueError) as error:  # no network; no place; another file than meant
        raise InputError(
            f"backbone.weights=imagenet: could not have {url} ({_reason(error)}); fetch it on a machine with a network "
            f"and put it at {cache / name}, or give backbone.weights=PATH, or train from random weights with "
            "backbone.weights=null"
        ) from error


def _reason(error: BaseException) -> str:
    """The innermost cause of a download's failure, in a few words."""
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {error}".splitlines()[0]
