"""Explains errors of Hydra and OmegaConf in one line: the key, what was expected, and the closest alternatives."""

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

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.options import options

LEXER = "LexerNoViableAltException: "  # Hydra's prefix for a character that its grammar does not allow


def nearest(word: str, candidates: Iterable[str]) -> str:
    """A suggestion such as "; did you mean X or Y?"; empty if no candidate resembles `word`."""
    close = difflib.get_close_matches(word, list(candidates), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def unknown_option(key: str, known: Iterable[str]) -> str:
    """The error message for an unknown option. known: the options of the group."""
    return f"{key}: no such option; expected one of {', '.join(known)}{nearest(key.rpartition('.')[2], known)}"


def explain(error: Exception) -> str:
    """The message, in one line, for an error raised while a config was composed or typed."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        known = list(error.options or [])
        if not group.startswith("hydra/"):
            # Hydra lists nothing for a choice of several options, and the parent's options for a folder in a group.
            known = sorted(file.stem for file in (CHECKOUT / "conf" / group).glob("*.yaml"))
            group, _, folder = group.partition("/")
            known, option = [f"{folder}/{name}".lstrip("/") for name in known], f"{folder}/{option}".lstrip("/")
        return f"{group}={option}: expected one of {', '.join(known)}{nearest(option, known)}"
    if isinstance(error, OverrideParseException):
        return (
            f"{error.override}: cannot be parsed ({_reason(error)}); expected key=value, lists as key=[a,b], "
            "special characters in quotes as 'key=\"value\"'"
        )
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    if isinstance(cause, (ConfigKeyError, ConfigAttributeError)):
        return _unknown_key(cause)
    if isinstance(cause, MissingMandatoryValue):
        return f"{cause.full_key} has no value: give {cause.full_key}=VALUE"
    if isinstance(cause, ValidationError):
        return f"{cause.full_key}: {str(cause).splitlines()[0]}"
    return "; ".join(line.strip() for line in str(error).splitlines() if line.strip())


def _reason(error: OverrideParseException) -> str:
    """The reason from the parser's message of several lines, whose last line links to the documentation."""
    *lines, _ = str(error.message).splitlines()
    if lines[0].startswith(LEXER):  # the next line has a caret below the character
        return f"unexpected {error.override[len(lines[-1]) - len(LEXER) - 1]}"
    return lines[-1]


def _unknown_key(error: OmegaConfBaseException) -> str:
    full_key = str(error.full_key)
    parent = error.parent_node
    keys = [str(key) for key in parent if key != "hydra"] if isinstance(parent, DictConfig) else []
    place, _, word = full_key.rpartition(".")
    known = options(place)
    if word in known:
        return f"{full_key} is not set; choose the option that sets it: {place}={word}"
    if known and set(keys) <= set(known):  # a group whose options can be combined
        return unknown_option(full_key, known)
    if not keys:
        group, _, key = place.rpartition(".")
        if _options_with(key, group):
            return f"{full_key}: {place} is null; give '{place}={{{word}: VALUE}}'"
        return f"{full_key}: {place} is not set; choose the option that sets it: {place.replace('.', '=', 1)}"
    text = f"{full_key}: no such key; expected one of {', '.join(keys)}" + (f" under {place}" if place else "")
    if guess := nearest(word, keys):
        return text + guess
    if elsewhere := [path for path in _leaves(error) if path.rpartition(".")[2] == word]:
        return f"{text}; did you mean {' or '.join(elsewhere[:3])}?"
    others = _options_with(word, place)
    return f"{text}; {word} is a key of {' and '.join(others)}" if others else text


def _options_with(key: str, place: str) -> list[str]:
    """The options at a place in the config that have `key`, each as PLACE=OPTION."""
    return [f"{place}={name}" for name, kind in options(place).items() if key in {f.name for f in fields(kind)}]


def _leaves(error: OmegaConfBaseException) -> list[str]:
    """The dotted paths of all keys of the config with the error, except Hydra's own."""

    def walk(node: Any, prefix: str) -> list[str]:
        if not isinstance(node, DictConfig):
            return [prefix]
        keys = [str(key) for key in node if str(key) != "hydra"]
        return [leaf for key in keys for leaf in walk(node._get_node(key), f"{prefix}.{key}" if prefix else key)]

    return walk(error.parent_node._get_root(), "") if error.parent_node is not None else []
