"""What a process may import where a model is used: a few distributions, and what these need by their own account."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@dataclass(frozen=True)
class Libraries:
    """modules: their top-level names; folders: where they are installed."""

    modules: tuple[str, ...]
    folders: tuple[str, ...]


def libraries(*roots: str) -> Libraries:
    """Those of the distributions `roots` and of all that they require on this system, extras left out."""
    folders: dict[str, str] = {}
    waiting = list(roots)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in folders:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        folders[name] = str(found.locate_file(""))
        required = map(Requirement, found.requires or [])
        waiting += [entry.name for entry in required if not entry.marker or entry.marker.evaluate({"extra": ""})]
    modules = [
        module
        for module, owners in packages_distributions().items()
        if any(canonicalize_name(o) in folders for o in owners)
    ]
    return Libraries(tuple(sorted(modules)), tuple(dict.fromkeys(folders.values())))
