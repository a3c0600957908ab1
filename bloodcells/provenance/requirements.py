"""Transitive requirements of installed distributions."""

from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def required(*roots: str) -> dict[str, Distribution]:
    """Returns the distributions named by `roots` and their transitive requirements on this system, if installed.

    Args:
        roots: requirements such as "numpy" or "tensorflow[and-cuda]". Extras count only if a requirement names them.

    Returns:
        Distributions by normalized name, in alphabetical order.

    Example:
        >>> required("pandas")["numpy"].version
        '2.5.5'
    """
    distributions: dict[str, Distribution] = {}
    pending, seen = [Requirement(root) for root in roots], set[tuple[str, frozenset[str]]]()
    while pending:
        requirement = pending.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            distributions[name] = distributions.get(name) or distribution(name)
        except PackageNotFoundError:
            continue
        for needed in map(Requirement, distributions[name].requires or []):
            if not needed.marker or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                pending.append(needed)
    return dict(sorted(distributions.items()))
