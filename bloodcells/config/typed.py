"""Turns a config composed by Hydra into checked dataclasses of the schema."""

import dataclasses
from collections.abc import Iterator
from enum import Enum
from typing import Any, TypeVar, cast, get_args, get_origin

from omegaconf import DictConfig, ListConfig, OmegaConf

from bloodcells.config.errors import InputError
from bloodcells.config.expected import shown, wrong_type
from bloodcells.config.explain import nearest, unknown_option
from bloodcells.config.options import options
from bloodcells.config.schema.ranges import inside

Config = TypeVar("Config")


def typed(composed: DictConfig, kind: type[Config]) -> Config:
    """The dataclass for a composed config, with all keys, types, ranges and combinations checked.

    Raises InputError for an unknown option, a number out of range or settings that exclude each other, and the errors
    of OmegaConf for an unknown key, a wrong type or a missing value.
    """
    return checked(cast(Config, OmegaConf.to_object(node(composed, kind))))


def node(composed: DictConfig, kind: type[Config]) -> DictConfig:
    """The node of the schema for a composed config, with keys and types checked; raises as `typed` does."""
    composed = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    return cast(DictConfig, OmegaConf.merge(_schema(kind, composed, ""), composed))


def checked(config: Config) -> Config:
    """The same dataclass of the schema, after its ranges and combinations were checked; raises as `typed` does.

    A dataclass of the schema checks what a range cannot express in its method `check(self) -> None`, if it has one,
    which raises InputError.
    """
    parts = list(_parts(config, ""))
    for prefix, part in parts:
        _check_ranges(part, prefix)
    for _, part in parts:
        if check := getattr(part, "check", None):
            check()
    return config


def _schema(option: type, composed: DictConfig, prefix: str) -> DictConfig:
    """The typed node for a dataclass, with each group in it typed as the option chosen in `composed`."""
    node = OmegaConf.structured(option)
    for f in dataclasses.fields(option):
        place = prefix + f.name
        kind, known = f.type, options(place)
        value = OmegaConf.select(composed, place)
        if known and get_origin(kind) is dict:
            node[f.name] = _combined(known, composed, place)
            continue
        if isinstance(value, ListConfig) and dict in [get_origin(each) for each in (kind, *get_args(kind))]:
            raise InputError(wrong_type(place, value, kind))  # OmegaConf would not say where
        if not dataclasses.is_dataclass(kind):
            continue
        # A part may share its name with a group without being one: the data of `bloodcells.predict` is no source.
        known = {name: each for name, each in known.items() if issubclass(each, cast(type, kind))}
        if known and not isinstance(value, DictConfig):
            group = f"{'schedule@' if '.' in place else ''}{place}"
            raise InputError(f"{place}={shown(value)}: expected {group}=OPTION, of {', '.join(known)}")
        if not isinstance(value, DictConfig):
            raise InputError(wrong_type(place, value, kind))
        if known:
            name = OmegaConf.select(composed, f"{place}.name")
            if str(name) not in known:
                guess = nearest(str(name), known)
                raise InputError(f"{place}.name={shown(name)}: expected one of {', '.join(known)}{guess}")
            kind = known[str(name)]
        node[f.name] = _schema(cast(type, kind), composed, place + ".")
    return node


def _combined(known: dict[str, type], composed: DictConfig, place: str) -> dict[str, DictConfig]:
    """The typed nodes of a group whose options can be combined, by name, in the order of registration.

    Drops options that are null, from `composed` as well. Raises InputError for an unknown option, and for a value in
    place of an option's keys.
    """
    given = OmegaConf.select(composed, place) or {}
    if not isinstance(given, dict | DictConfig):
        raise InputError(f"{place}={given}: expected {place.rpartition('.')[2]}=OPTION, of {', '.join(known)}")
    if unknown := [str(name) for name in given if name not in known]:
        raise InputError(unknown_option(f"{place}.{unknown[0]}", known))
    chosen = [name for name in known if given.get(name) is not None]
    for name in chosen:
        if not isinstance(given[name], DictConfig):
            raise InputError(f"{place}.{name}={given[name]}: expected keys under it, or null to remove it")
    OmegaConf.update(composed, place, {name: given[name] for name in chosen}, merge=False)
    return {name: _schema(known[name], composed, f"{place}.{name}.") for name in chosen}


def plain(config: Any) -> Any:
    """A config as nested dicts, lists and scalars, for YAML or JSON."""
    if isinstance(config, dict):
        return {key: plain(value) for key, value in config.items()}
    if dataclasses.is_dataclass(config):
        return {f.name: plain(getattr(config, f.name)) for f in dataclasses.fields(config)}
    if isinstance(config, list):
        return [plain(value) for value in config]
    return config.value if isinstance(config, Enum) else config


def _parts(config: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """`config` and all dataclasses in it, each with the prefix of its keys.

    A dataclass precedes its parts: their values may be copied from its own, as data.split.seed is from seed, and an
    error should name the original.
    """
    yield prefix, config
    for f in dataclasses.fields(config):
        value = getattr(config, f.name)
        for key, part in value.items() if isinstance(value, dict) else [(None, value)]:
            if dataclasses.is_dataclass(part):
                yield from _parts(part, f"{prefix}{f.name}.{key}." if key else f"{prefix}{f.name}.")


def _check_ranges(config: Any, prefix: str) -> None:
    for f in dataclasses.fields(config):
        value = getattr(config, f.name)
        if interval := f.metadata.get("within"):
            for number in value if isinstance(value, list) else [value]:
                if isinstance(number, int | float) and not inside(number, interval):
                    raise InputError(f"{prefix}{f.name}={value}: expected a number in {interval}")
