"""Explains errors of Hydra and OmegaConf in one line: the key, what was expected, and the closest alternatives."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import DictConfig, ValueNode
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    ConfigTypeError,
    MissingMandatoryValue,
    OmegaConfBaseException,
    ValidationError,
)

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.expected import wrong_type
from bloodcells.config.options import options

CONF = CHECKOUT / "conf"
LEXER = "LexerNoViableAltException: "  # Hydra's prefix for a character that its grammar does not allow
NOT_AN_OPTION = "Config group override must be a string or a list"  # Hydra's message for GROUP=null, without the group
# Other messages of Hydra, and ours for the same errors.
REWORDED = {
    r"Could not override .*\nDid you mean to override (?:one of )?(.*?)([^ ]+)\?\n.* use \+(.+)=(.+)": (
        r"\3=\4: no such group; expected one of \1\2, such as \2=\4"
    ),
    r"Could not override .* No match in the defaults list\.\n.* use \+(.+)=(.+)": (
        r"\1=\2: this program has no group \1; --help lists the groups"
    ),
    r"Could not append to config\..*\nEither remove \+ prefix: '(.+?)'\n.*": r"+\1: the key exists; give \1",
    r"Multiple values for .* use 'override (.+): (.+)'": r"+\1=\2: the group has an option already; give \1=\2",
    r"Ambiguous value for argument '(.+?)=(.+?)'\n.*": (
        r"\1=\2: expected one value; add --multirun to run a job with each, or give a list as \1=[\2]"
    ),
    r"Sweep parameters '(.+)' requires --multirun": r"\1: expected one value; add --multirun for a sweep or a search",
    r"Error resolving interpolation '\$\{scale\}_\$\{backbone\}'.*": "scale and backbone: expected one option of each",
    r"invalid literal for int\(\) with base 10: '(.*)'": r"\1: a list has no keys; give the whole list as key=[a,b]",
}


def nearest(word: str, candidates: Iterable[str]) -> str:
    """A suggestion such as "; did you mean X or Y?"; empty if no candidate resembles `word`."""
    close = difflib.get_close_matches(word, list(candidates), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def unknown_option(key: str, known: Iterable[str]) -> str:
    """The error message for an unknown option. known: the options of the group."""
    return f"{key}: no such option; expected one of {', '.join(known)}{nearest(key.rpartition('.')[2], known)}"


def explain(error: Exception, overrides: Sequence[str] = ()) -> str:
    """The message, in one line, for an error raised while a config was composed or typed.

    overrides: those on which the error may depend, since Hydra does not name them in every message
    """
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        known = list(error.options or [])
        if not group.startswith("hydra/"):
            # Hydra lists nothing for a choice of several options, and the parent's options for a folder in a group.
            known = _files(group)
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
    if isinstance(cause, ValidationError) and (kind := _declared(cause)):
        value = cause.value._value() if isinstance(cause.value, ValueNode) else cause.value
        return wrong_type(str(cause.full_key), value, kind)
    if isinstance(cause, ConfigTypeError):  # {key: value} for a list, or the reverse
        value = str(error).partition("=")[2]
        return wrong_type(str(cause.full_key), value, cause.object_type)
    if str(error).startswith(NOT_AN_OPTION):
        return next(filter(None, map(_not_an_option, overrides)), str(error))
    for pattern, ours in REWORDED.items():
        if match := re.fullmatch(pattern, str(error), re.DOTALL):
            return match.expand(ours)
    return "; ".join(line.strip() for line in str(error).splitlines() if line.strip())


def _files(group: str) -> list[str]:
    """The options of a group by the names of their files, without those in subfolders."""
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


def _declared(error: ValidationError) -> Any:
    """The type that the schema declares for the value that is wrong; None if the error does not say where it is."""
    if error.object_type is list:
        kinds = (error.ref_type, *get_args(error.ref_type))  # list[int], or list[int] and None
        return next(get_args(kind)[0] for kind in kinds if get_origin(kind) is list)
    if is_dataclass(error.object_type):
        return {f.name: f.type for f in fields(error.object_type)}.get(str(error.key))
    return None


def _not_an_option(text: str) -> str:
    """The message for an override such as head=null; empty if its value can name an option."""
    group = text.partition("=")[0].partition("@")[0]
    if not group or not (CONF / group).is_dir():
        return ""
    value = OverridesParser.create().parse_override(text).value()
    if not (value is None or isinstance(value, int | float | dict)):
        return ""
    known = _files(group)
    nothing = [name for name in known if name in ("none", "off")]
    return f"{text}: expected one of {', '.join(known)}" + "".join(f"; did you mean {name}?" for name in nothing)


def _reason(error: OverrideParseException) -> str:
    """The reason from the parser's message of several lines, whose last line links to the documentation."""
    *lines, _ = str(error.message).splitlines()
    if unknown := re.search(r"Unknown function '(.+)'\nAvailable: (.+)", str(error.message)):
        return f"no such function {unknown[1]}{nearest(unknown[1], unknown[2].split(','))}"
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
    if not keys:  # the value is null, or a plain one, which OmegaConf has removed
        group, _, key = place.rpartition(".")
        if setting := _options_setting(key, group):
            return f"{full_key}: {place} is null; choose an option that sets it: {' or '.join(setting)}"
        if _options_with(key, group):
            return f"{full_key}: {place} is null; give '{place}={{{word}: VALUE}}'"
        return f"{full_key}: {place} has no keys; expected {place}=VALUE"
    text = f"{full_key}: no such key; expected one of {', '.join(keys)}" + (f" under {place}" if place else "")
    if guess := nearest(word, keys):
        return text + guess
    if elsewhere := [path for path in _leaves(error) if path.rpartition(".")[2] == word]:
        return f"{text}; did you mean {' or '.join(elsewhere[:3])}?"
    others = _options_with(word, place) or _options_having(word, place.replace(".", "/"))
    return f"{text}; {word} is a key of {' and '.join(others)}" if others else text


def _options_with(key: str, place: str) -> list[str]:
    """The options at a place in the config that have `key`, each as PLACE=OPTION."""
    return [f"{place}={name}" for name, kind in options(place).items() if key in {f.name for f in fields(kind)}]


def _options_setting(key: str, group: str) -> list[str]:
    """The options of a group whose files have values under `key`, each as GROUP=OPTION."""
    contents = {name: yaml.safe_load((CONF / group / f"{name}.yaml").read_text()) for name in _files(group)}
    return [f"{group}={name}" for name, content in contents.items() if content and content.get(key)]


def _options_having(key: str, group: str) -> list[str]:
    """The options of a group of Hydra's own whose files have `key`, each as GROUP=OPTION."""
    files = _files(group) if group.startswith("hydra/") else []
    return [f"{group}={name}" for name in files if key in yaml.safe_load((CONF / group / f"{name}.yaml").read_text())]


def _leaves(error: OmegaConfBaseException) -> list[str]:
    """The dotted paths of all keys of the config with the error, except Hydra's own."""

    def walk(node: Any, prefix: str) -> list[str]:
        if not isinstance(node, DictConfig):
            return [prefix]
        keys = [str(key) for key in node if str(key) != "hydra"]
        return [leaf for key in keys for leaf in walk(node._get_node(key), f"{prefix}.{key}" if prefix else key)]

    return walk(error.parent_node._get_root(), "") if error.parent_node is not None else []
