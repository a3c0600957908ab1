"""The search space, written in Hydra's syntax for sweeps, as distributions of Optuna."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import OverrideParseException
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from bloodcells.config.errors import InputError
from bloodcells.sweep.expand import parser

EXAMPLE = "such as loss.gamma=interval(0,3) or optimizer=adam,adamw"
# Settings that change the images on which trials are compared, or no result.
FIXED = ("data", "evaluation", "metric", "tracking", "sweep", "study", "label", "step", "follows")


@dataclass(frozen=True)
class Dimension:
    """A setting to search.

    key: as in an override, such as "loss.gamma" or "+training.threads"
    distribution: of choices, by their text in an override; of a range, over the places of its values; or of an interval
    values: those of a range, by their text in an override; empty for others
    """

    key: str
    distribution: BaseDistribution
    values: tuple[str, ...] = ()

    def override(self, drawn: Any) -> str:
        """The override for a value that was drawn from the distribution; floats have four significant digits."""
        if self.values:
            return f"{self.key}={self.values[drawn]}"
        if isinstance(self.distribution, FloatDistribution):
            drawn = min(max(float(f"{drawn:.4g}"), self.distribution.low), self.distribution.high)
        return f"{self.key}={drawn}"

    @property
    def size(self) -> float:
        """The number of values: infinite for an interval of floats."""
        if isinstance(self.distribution, CategoricalDistribution):
            return len(self.distribution.choices)
        if isinstance(self.distribution, IntDistribution):
            return (self.distribution.high - self.distribution.low) // self.distribution.step + 1
        return math.inf

    def hint(self, error: str) -> str:
        """How to search integers, if `error` says that this setting takes no other numbers; otherwise empty."""
        key, of = self.key.lstrip("+"), self.distribution
        if not (isinstance(of, FloatDistribution) and error.startswith(f"{key}=") and "an integer" in error):
            return ""
        interval = f"int(interval({of.low:.0f},{of.high:.0f}))"
        return f"; for integers, give {key}={f'tag(log,{interval})' if of.log else interval}"

    def extremes(self) -> list[str]:
        """The override for each choice, or for both ends of a range or an interval."""
        if isinstance(self.distribution, CategoricalDistribution):
            return [self.override(choice) for choice in self.distribution.choices]
        assert isinstance(self.distribution, FloatDistribution | IntDistribution)
        return [self.override(end) for end in (self.distribution.low, self.distribution.high)]


def search_space(loader: ConfigLoader, overrides: Sequence[str]) -> tuple[list[Dimension], list[str]]:
    """The settings to search, and the overrides of all others.

    Raises InputError if there is nothing to search, for a setting that cannot be searched, and for unsupported syntax.
    """
    given = {override.get_key_element(): override for override in _parsed(loader, overrides)}  # the last one counts
    dimensions = [_dimension(key, override) for key, override in given.items() if override.is_sweep_override()]
    if not dimensions:
        raise InputError(f"hydra/sweeper=optuna: expected a setting to search, {EXAMPLE}; received none")
    return dimensions, [str(override.input_line) for override in given.values() if not override.is_sweep_override()]


def _parsed(loader: ConfigLoader, overrides: Sequence[str]) -> list[Override]:
    try:
        return parser(loader).parse_overrides(list(overrides))
    except OverrideParseException as error:
        if "interval(" not in error.override:
            raise
        raise InputError(f"{error.override}: expected two numbers, as in interval(1e-5,1e-2)") from error


def _dimension(key: str, override: Override) -> Dimension:
    text, sweep = override.input_line, override.value()
    if override.key_or_group == "seed":
        raise InputError(f"{text}: a search averages over seeds; give hydra.sweeper.seeds=[0,1,2]")
    if override.key_or_group.partition(".")[0] in FIXED:
        raise InputError(f"{text}: cannot be searched; expected settings of the model or of its training, {EXAMPLE}")
    tags = set(getattr(sweep, "tags", ()))
    if tags - {"log"} or (tags and not override.is_interval_sweep()) or getattr(sweep, "shuffle", False):
        raise InputError(
            f"{text}: not supported in a search; expected choices a,b,c, range(…), interval(…) or tag(log,interval(…))"
        )
    if isinstance(sweep, IntervalSweep):
        return Dimension(key, _interval(sweep, str(text)))
    values = tuple(dict.fromkeys(override.sweep_string_iterator()))
    if not values:
        raise InputError(f"{text}: expected one value or more; received none")
    if override.is_range_sweep():
        return Dimension(key, IntDistribution(0, len(values) - 1), values)
    return Dimension(key, CategoricalDistribution(values))


def _interval(sweep: IntervalSweep, text: str) -> BaseDistribution:
    low, high, log = sweep.start, sweep.end, "log" in sweep.tags
    assert low is not None
    assert high is not None
    if not low < high:
        raise InputError(f"{text}: expected the lower bound before the upper one")
    if log and low <= 0:
        raise InputError(f"{text}: expected bounds above 0, since log needs them")
    if isinstance(low, int):
        return IntDistribution(low, int(high), log=log)
    return FloatDistribution(low, high, log=log)
