"""Hydra's and omegaconf's errors as one line: the key, what was expected, the nearest alternatives."""

import difflib
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
    ValidationError,
)

from bloodcells.config.options import options


def nearest(word: str, candidates: Iterable[str]) -> str:
    """A question, "; did you mean X or Y?", if some of the candidates resemble `word`; else nothing."""
    close = difflib.get_close_matches(word, list(candidates), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def unknown_option(key: str, known: Iterable[str]) -> str:
    """One line for an option that is not among those `known` for its group."""
    return f"{key}: no such option; expected one of {', '.join(known)}{nearest(key.rpartition('.')[2], known)}"


def explain(error: Exception) -> str:
    """One line for an error of composing or typing the config."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        options = list(error.options or [])
        return f"{group}={option}: expected one of {', '.join(options)}{nearest(option, options)}"
    if isinstance(error, OverrideParseException):
        reason = str(error.message).splitlines()[-2 if len(str(error.message).splitlines()) > 1 else 0]
        return f"{error.override}: not an override ({reason}); expected key=value, lists as key=[a,b]"
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    if isinstance(cause, (ConfigKeyError, ConfigAttributeError)):
        return _unknown_key(cause)
    if isinstance(cause, MissingMandatoryValue):
        return f"{cause.full_key} has no value: give {cause.full_key}=VALUE"
    if isinstance(cause, ValidationError):
        return f"{cause.full_key}: {str(cause).splitlines()[0]}"
    return "; ".join(line.strip() for line in str(error).splitlines() if line.strip())


def _unknown_key(error: OmegaConfBaseException) -> str:
    full_key = str(error.full_key)
    parent = error.parent_node
    keys = [str(key) for key in parent if key != "hydra"] if isinstance(parent, DictConfig) else []
    place, _, word = full_key.rpartition(".")
    known = options(place)
    if word in known:
        return f"{full_key} is not set here; choose the option that sets it, {place}={word}"
    if known and set(keys) <= set(known):  # of this group several options combine
        return unknown_option(full_key, known)
    if (
        not keys
        and (group := options(place.rpartition(".")[0]))
        and any(place.rpartition(".")[2] in {f.name for f in fields(kind)} for kind in group.values())
    ):
        return f"{full_key}: {place} is null; give '{place}={{{word}: VALUE}}'"
    if not keys:
        return f"{full_key}: {place} is not set here; choose the option that sets it, {place.replace('.', '=', 1)}"
    said = f"{full_key}: no such key; expected one of {', '.join(keys)}" + (f" under {place}" if place else "")
    guess = nearest(word, keys)
    if guess:
        return said + guess
    elsewhere = [path for path in _leaves(error) if path.rpartition(".")[2] == word]
    if elsewhere:
        return f"{said}; did you mean {' or '.join(elsewhere[:3])}?"
    owners = [f"{place}={name}" for name, kind in known.items() if word in {f.name for f in fields(kind)}]
    return f"{said}; {' and '.join(owners)} would have it" if owners else said


def _leaves(error: OmegaConfBaseException) -> list[str]:
    """The dotted paths of all keys in the config that the error arose in, hydra's own left out."""

    def walk(node: Any, prefix: str) -> list[str]:
        if not isinstance(node, DictConfig):
            return [prefix]
        keys = [str(key) for key in node if str(key) != "hydra"]
        return [leaf for key in keys for leaf in walk(node._get_node(key), f"{prefix}.{key}" if prefix else key)]

    return walk(error.parent_node._get_root(), "") if error.parent_node is not None else []
