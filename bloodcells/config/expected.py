"""Says in words which values a type of the schema accepts."""

import dataclasses
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

WORDS = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "{key: value, …}",
}
PLURALS = {int: "integers", float: "numbers", str: "texts"}


def wrong_type(key: str, value: Any, kind: Any) -> str:
    """The error message for a value that is not of the type `kind`."""
    is_list = any(get_origin(each) is list for each in (kind, *get_args(kind)))
    guess = f"; did you mean {key}=[{value}]?" if is_list and type(value) in PLURALS else ""
    return f"{key}={shown(value)}: expected {expected(key, kind)}{guess}"


def shown(value: Any) -> str:
    """A value as an override has it."""
    return "null" if value is None else str(value)


def expected(key: str, kind: Any) -> str:
    """The values of the type `kind` in words, such as "an integer or null"."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        *others, last = [expected(key, each) for each in sorted(get_args(kind), key=lambda each: each is NoneType)]
        return f"{', '.join(others)} or {last}"
    if kind is NoneType:
        return "null"
    if dataclasses.is_dataclass(kind):
        return f"keys under it (such as {key}.{dataclasses.fields(kind)[0].name}=VALUE)"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"one of {', '.join(member.name for member in kind)}"
    if origin is list:
        return f"a list of {PLURALS.get(get_args(kind)[0], 'values')}"
    return WORDS.get(origin or kind, "another value")
