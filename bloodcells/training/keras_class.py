"""Classes of Keras chosen by name in the config, and their arguments checked against the constructor's signature."""

import inspect
from collections.abc import Mapping
from typing import Any

from bloodcells.config.errors import InputError
from bloodcells.config.explain import nearest


def parameters(kind: type) -> dict[str, Any]:
    """The keyword arguments of a class's constructor, with their defaults."""
    signature = inspect.signature(kind.__init__)  # type: ignore[misc]
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {p.name: p.default for p in signature.parameters.values() if p.kind in named and p.name != "self"}


def exported(module: Any, base: type) -> dict[str, type]:
    """The subclasses of `base` that a module of Keras exports, by name."""
    named = {name: getattr(module, name) for name in dir(module)}
    return {name: kind for name, kind in named.items() if isinstance(kind, type) and issubclass(kind, base)}


def chosen(group: str, class_name: str, classes: Mapping[str, type]) -> type:
    """The class that GROUP.class_name names. Raises InputError if it is not one of `classes`."""
    if class_name not in classes:
        raise InputError(
            f"{group}.class_name={class_name}: expected one of {', '.join(classes)}{nearest(class_name, classes)}"
        )
    return classes[class_name]


def check_arguments(group: str, kind: type, arguments: Mapping[str, Any], fixed: Mapping[str, str]) -> None:
    """Checks GROUP.arguments against the signature of `kind`: the names, and the types of values.

    fixed: arguments that cannot be set, and why not
    Raises InputError for the first one that the class would not take.
    """
    defaults = {name: default for name, default in parameters(kind).items() if name not in fixed}
    for name, value in arguments.items():
        key, expected = f"{group}.arguments.{name}", f"expected any of {', '.join(defaults)}"
        if name in fixed:
            raise InputError(f"{key}: cannot be set: {fixed[name]}; {expected}")
        if name not in defaults:
            raise InputError(f"{key}: {kind.__name__} has no such argument; {expected}{nearest(name, defaults)}")
        default = defaults[name]
        if not _fits(value, default):
            raise InputError(f"{key}={value}: expected a {type(default).__name__} (default: {default})")


def built(group: str, kind: type, arguments: Mapping[str, Any], **fixed: Any) -> Any:
    """An instance of `kind`. Raises InputError if its constructor refuses the value of an argument."""
    try:
        return kind(**fixed, **arguments)
    except (TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{group}.arguments={dict(arguments)}: not accepted by {kind.__name__} ({reason}); expected other values"
        ) from error


def _fits(value: Any, default: Any) -> bool:
    """Whether a value has the type of the default, as far as that shows: some numbers can also be lists of numbers."""
    if isinstance(default, bool | str):
        return type(value) is type(default)
    if isinstance(default, int | float):
        return isinstance(value, int | float | list) and not isinstance(value, bool)
    return True
