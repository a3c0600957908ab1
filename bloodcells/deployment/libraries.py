"""What a process may import where a model is used: a few distributions, and what these need by their own account."""

from dataclasses import dataclass
from importlib.metadata import packages_distributions

from packaging.utils import canonicalize_name

from bloodcells.provenance.requirements import required


@dataclass(frozen=True)
class Libraries:
    """modules: their top-level names; folders: where they are installed."""

    modules: tuple[str, ...]
    folders: tuple[str, ...]


def libraries(*roots: str) -> Libraries:
    """Those of the distributions `roots` and of all that they require on this system."""
    found = required(*roots)
    modules = [
        module
        for module, owners in packages_distributions().items()
        if any(canonicalize_name(owner) in found for owner in owners)
    ]
    folders = dict.fromkeys(str(entry.locate_file("")) for entry in found.values())
    return Libraries(tuple(sorted(modules)), tuple(folders))
