"""The jobs of a sweep: each one's overrides and typed config, a thousand of them in seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import compress

from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bloodcells.config.errors import InputError
from bloodcells.config.explain import explain
from bloodcells.config.schema import TrainConfig
from bloodcells.config.typed import checked, node


@dataclass(frozen=True, eq=False)
class Job:
    """One of a sweep, by its number from 1.

    name: the overrides that tell it from others; config: or what is wrong with it
    """

    number: int
    name: str
    overrides: tuple[str, ...]
    config: TrainConfig | InputError

    @property
    def study(self) -> str | None:
        """What its run is filed under."""
        return self.config.study if isinstance(self.config, TrainConfig) else None


class Nested:
    """Hydra's loader, to which the options of a group are those of its folders, too: so that globs reach them."""

    def __init__(self, loader: ConfigLoader) -> None:
        self._loader = loader

    def get_group_options(self, group_name: str, results_filter: ObjectType | None = ObjectType.CONFIG) -> list[str]:
        """Such as "ablation/01_vgg19" for "experiment"."""
        options = self._loader.get_group_options(group_name, results_filter)
        for folder in self._loader.list_groups(group_name):
            options += [f"{folder}/{option}" for option in self.get_group_options(f"{group_name}/{folder}")]
        return options


def expand(loader: ConfigLoader, master: DictConfig, overrides: Sequence[Sequence[str]]) -> list[Job]:
    """The jobs with these overrides, which all have the same keys; master: the config that Hydra composed for all."""
    composer = _Composer(loader, master)
    varying = [len(set(texts)) > 1 for texts in zip(*overrides, strict=True)]
    return [
        Job(number, " ".join(compress(each, varying)) or " ".join(each), tuple(each), composer.config(each))
        for number, each in enumerate(overrides, start=1)
    ]


class _Composer:
    """Composes once for each choice of options, and sets in that the values by which jobs differ.

    Hydra reads all its files anew for each job, which takes a tenth of a second.
    """

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self._loader, self._master = loader, master
        self._parser = OverridesParser.create(config_loader=loader)
        self._value = cache(self._value_of)
        self._is_group = cache(lambda key: bool(loader.list_groups(key) or loader.get_group_options(key)))
        self._nodes: dict[tuple[str, ...], DictConfig] = {}

    def config(self, overrides: Sequence[str]) -> TrainConfig | InputError:
        """What is typed alone with these overrides, or what is wrong with it."""
        try:
            choice = tuple(text for text in overrides if not self._value(text))
            if choice not in self._nodes:
                self._nodes[choice] = node(self._loader.load_sweep_config(self._master, list(overrides)), TrainConfig)
            for override in filter(None, map(self._value, overrides)):
                OmegaConf.update(self._nodes[choice], override.key_or_group, override.value())
            return checked(self._nodes[choice], TrainConfig)
        except InputError as error:
            return error
        except (HydraException, OmegaConfBaseException) as error:
            return InputError(explain(error))

    def _value_of(self, text: str) -> Override | None:
        """An override that sets a value; None for one that chooses an option, or adds or removes a key."""
        override = self._parser.parse_override(text)
        if override.type is not OverrideType.CHANGE or self._is_group(override.key_or_group):
            return None
        if override.key_or_group.endswith(".name"):  # an option by another way
            return None
        return None if isinstance(override.value(), dict | list) else override  # these are merged into what is there
