"""The settings of a search, `hydra.sweeper` in the config."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bloodcells.config.errors import InputError
from bloodcells.config.explain import explain
from bloodcells.config.schema.ranges import within
from bloodcells.config.typed import typed


class Pruner(Enum):
    """What ends trials early: Optuna's MedianPruner or HyperbandPruner, or nothing."""

    median = "median"
    hyperband = "hyperband"
    none = "none"


@dataclass
class SearchSettings:
    """The settings of a search; conf/hydra/sweeper/optuna.yaml explains them."""

    pruner: Pruner
    trials: int = within("[1, inf)")
    hours: float | None = within("(0, inf)")
    seeds: list[int] | None = within("[0, 4294967295]")
    n_jobs: int | None = within("[1, inf)")
    startup_trials: int = within("[1, inf)")
    min_epochs: int = within("[1, inf)")

    def check(self) -> None:
        if self.seeds is not None and (not self.seeds or len(set(self.seeds)) < len(self.seeds)):
            raise InputError(f"seeds={self.seeds}: expected different seeds, such as [0,1,2], or null")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "SearchSettings":
        """The settings for the values in the config. Raises InputError for a wrong type or a number out of range."""
        try:
            return typed(OmegaConf.create(dict(given)), cls)
        except (InputError, OmegaConfBaseException) as error:
            raise InputError(f"hydra.sweeper.{error if isinstance(error, InputError) else explain(error)}") from error

    @property
    def identity(self) -> dict[str, Any]:
        """The settings that all calls of a search have in common. More trials or hours continue it."""
        pruner = self.pruner.value
        return {"seeds": self.seeds, "startup": self.startup_trials, "pruner": pruner, "min_epochs": self.min_epochs}

    def over(self, seconds: float) -> bool:
        """Whether the hours are over after these seconds."""
        return self.hours is not None and seconds >= 3600 * self.hours
