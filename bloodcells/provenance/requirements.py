"""Requirements of installed distributions, followed to the end."""

from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def required(*roots: str) -> dict[str, Distribution]:
    """Returns the distributions `roots` and all that they require on this system, if installed.

    Args:
        roots: requirements such as "numpy" or "tensorflow[and-cuda]". Extras count only where a requirement names them.

    Returns:
        Distributions by normalized name, in alphabetical order.

    Example:
        >>> required("pandas")["numpy"].version
        '2.5.5'
    """
    distributions: dict[str, Distribution] = {}
    waiting, seen = [Requirement(root) for root in roots], set[tuple[str, frozenset[str]]]()
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            distributions[name] = distributions.get(name) or distribution(name)
        except PackageNotFoundError:
            continue
        for needed in map(Requirement, distributions[name].requires or []):
            if not needed.marker or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                waiting.append(needed)
    return dict(sorted(distributions.items()))
