"""What distributions need by their own account, of those that are installed."""

from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def required(*roots: str) -> dict[str, Distribution]:
    """The distributions `roots`, such as "numpy" or "tensorflow[and-cuda]", and all that they require on this system.

    By their normalised names, in alphabetical order. Extras count only where they are asked for.
    """
    found: dict[str, Distribution] = {}
    waiting, seen = [Requirement(root) for root in roots], set[tuple[str, frozenset[str]]]()
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found[name] = found.get(name) or distribution(name)
        except PackageNotFoundError:
            continue
        for needed in map(Requirement, found[name].requires or []):
            if not needed.marker or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                waiting.append(needed)
    return dict(sorted(found.items()))
