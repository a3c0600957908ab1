"""Keras classes chosen by name in the config, with arguments checked against the constructor's signature."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from bloodcells.config.errors import InputError
from bloodcells.config.explain import nearest
from bloodcells.config.options import options
from bloodcells.config.schema.ranges import inside


@dataclass
class KerasClass:
    """Base class of `optimizer=keras` and `loss=keras`: a class of Keras and the arguments of its constructor.

    group: the option's group in conf/; fixed: arguments that cannot be set, with the reason
    """

    class_name: str
    arguments: dict[str, Any] | None
    group: ClassVar[str]
    fixed: ClassVar[dict[str, str]]

    @property
    def label(self) -> str:
        return self.class_name

    def classes(self) -> Mapping[str, type]:
        """The classes to choose from, by name."""
        raise NotImplementedError

    def check(self) -> None:
        """Raises InputError for an unknown class or the first invalid argument: name, type or range."""
        kind = self._class()
        defaults = {name: default for name, default in parameters(kind).items() if name not in self.fixed}
        ranges = self._ranges()
        for name, value in (self.arguments or {}).items():
            key, expected = f"{self.group}.arguments.{name}", f"expected any of {', '.join(defaults)}"
            if name in self.fixed:
                raise InputError(f"{key}: cannot be set: {self.fixed[name]}; {expected}")
            if name not in defaults:
                raise InputError(f"{key}: {kind.__name__} has no such argument; {expected}{nearest(name, defaults)}")
            default = defaults[name]
            if not _fits(value, default):
                raise InputError(f"{key}={value}: expected a {type(default).__name__} (default: {default})")
            if name in ranges and isinstance(value, int | float) and not inside(value, ranges[name]):
                raise InputError(f"{key}={value}: expected a number in {ranges[name]}")

    def instance(self, **fixed: Any) -> Any:
        """A new instance. Raises InputError if the constructor rejects the value of an argument."""
        kind, arguments = self._class(), self.arguments or {}
        try:
            return kind(**fixed, **arguments)
        except (TypeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"{self.group}.arguments={dict(arguments)}: not accepted by {kind.__name__} ({reason}); expected other "
                "values"
            ) from error

    def _ranges(self) -> dict[str, str]:
        """The ranges of arguments that other options of the group have too: Keras itself accepts any number."""
        known = [f for kind in options(self.group).values() for f in fields(kind)]
        return {f.name: f.metadata["within"] for f in known if "within" in f.metadata}

    def _class(self) -> type:
        classes = self.classes()
        if self.class_name not in classes:
            raise InputError(
                f"{self.group}.class_name={self.class_name}: expected one of {', '.join(classes)}"
                f"{nearest(self.class_name, classes)}"
            )
        return classes[self.class_name]


def exported(module: Any, base: type) -> dict[str, type]:
    """The subclasses of `base` that a module of Keras exports, by name."""
    named = {name: getattr(module, name) for name in dir(module)}
    return {name: kind for name, kind in named.items() if isinstance(kind, type) and issubclass(kind, base)}


def parameters(kind: type) -> dict[str, Any]:
    """The keyword arguments of a class's constructor, with their defaults."""
    signature = inspect.signature(kind.__init__)  # type: ignore[misc]
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {p.name: p.default for p in signature.parameters.values() if p.kind in named and p.name != "self"}


def _fits(value: Any, default: Any) -> bool:
    """Whether a value fits the type of the default. For a number, a list fits too: some arguments take either."""
    if isinstance(default, bool | str):
        return type(value) is type(default)
    if isinstance(default, int | float):
        return isinstance(value, int | float | list) and not isinstance(value, bool)
    return True
