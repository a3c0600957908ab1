"""Expands a sweep into jobs: overrides, threads and typed config of each, a thousand of them in seconds."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import compress
from typing import Any, cast

from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bloodcells.config.errors import InputError
from bloodcells.config.explain import explain
from bloodcells.config.options import options
from bloodcells.config.schema import TrainConfig
from bloodcells.config.typed import checked, node


@dataclass(frozen=True, eq=False)
class Job:
    """One job of a sweep.

    number: from 1
    name: the overrides in which it differs from the other jobs
    overrides: all its overrides
    config: its typed config, or the error that composing or checking it raised
    """

    number: int
    name: str
    overrides: tuple[str, ...]
    config: TrainConfig | InputError

    @property
    def study(self) -> str | None:
        """The study that its run belongs to."""
        return self.config.study if isinstance(self.config, TrainConfig) else None

    def with_threads(self, threads: int | None) -> "Job":
        """The job with `training.threads` set, unless it is set already or the job cannot run."""
        if threads is None or isinstance(self.config, InputError) or self.config.training.threads is not None:
            return self
        return replace(self, overrides=(*self.overrides, f"training.threads={threads}"))


class NestedOptions:
    """Hydra's config loader with the options in a group's subfolders, so that `glob(ablation/*)` matches them."""

    def __init__(self, loader: ConfigLoader) -> None:
        self._loader = loader

    def get_group_options(self, group_name: str, results_filter: ObjectType | None = ObjectType.CONFIG) -> list[str]:
        """The names of a group's options, such as "ablation/01_vgg19" for the group "experiment"."""
        options = self._loader.get_group_options(group_name, results_filter)
        for folder in self._loader.list_groups(group_name):
            options += [f"{folder}/{option}" for option in self.get_group_options(f"{group_name}/{folder}")]
        return options


def parser(loader: ConfigLoader) -> OverridesParser:
    """Hydra's parser for overrides, with globs that match options in subfolders too."""
    return OverridesParser.create(config_loader=cast(ConfigLoader, NestedOptions(loader)))


def swept(params: Mapping[str, str] | None, overrides: Sequence[str]) -> list[str]:
    """The `hydra.sweeper.params` of an experiment as overrides, without those that `overrides` set."""
    given = {override.partition("=")[0].lstrip("+") for override in overrides}
    return [f"{key}={values}" for key, values in (params or {}).items() if key not in given]


def check_single(overrides: Sequence[str]) -> None:
    """Raises InputError if a command without --multirun says how to run a sweep; overrides: those of Hydra's config."""
    for override in overrides:
        if override.startswith(("hydra/launcher=", "hydra/sweeper=", "hydra.launcher.", "hydra.sweeper.")):
            raise InputError(f"{override}: has an effect on sweeps only; expected --multirun with it")


def check_swept(loader: ConfigLoader, settings: Any, overrides: Sequence[str]) -> None:
    """Raises InputError if a job would train only one config of an experiment that defines a sweep.

    settings: `hydra` in the job's config; overrides: those of the job, which must set each key that is swept
    """
    if not (missing := swept(settings.sweeper.get("params"), overrides)):
        return
    parsed = parser(loader).parse_overrides(missing)
    experiment = next(
        (override for override in overrides if override.startswith("experiment=")), "hydra.sweeper.params"
    )
    over = f"{experiment} is a sweep over {' and '.join(each.key_or_group for each in parsed)}"
    if any(each.is_interval_sweep() for each in parsed):
        raise InputError(f"{over}: expected --multirun hydra/sweeper=optuna, which searches, or one value for each key")
    jobs = math.prod(len(list(each.sweep_iterator())) for each in parsed if each.is_sweep_override())
    raise InputError(
        f"{over}: expected --multirun, which runs all {jobs} jobs, with no other experiment, or one value for each key"
    )


def expand(loader: ConfigLoader, master: DictConfig, overrides: Sequence[Sequence[str]]) -> list[Job]:
    """Returns one job for each list of overrides.

    master: the config that Hydra composed for the whole sweep
    overrides: one list per job, all with the same keys
    """
    composer = Composer(loader, master)
    varying = [len(set(texts)) > 1 for texts in zip(*overrides, strict=True)]
    return [
        Job(number, " ".join(compress(each, varying)) or " ".join(each), tuple(each), composer.config(each))
        for number, each in enumerate(overrides, start=1)
    ]


def threads_per_job(launcher: DictConfig, jobs: int) -> int | None:
    """The number of threads for each of `jobs` jobs under a launcher, config.hydra.launcher.

    joblib: an even share of this machine's cores. Ray: the cores reserved for a job. Submitit: cpus_per_task.
    Other launchers run one job after the other: None, so that each job uses all cores.
    """
    if "n_jobs" in launcher:
        from joblib import cpu_count, effective_n_jobs

        return max(1, cpu_count() // min(effective_n_jobs(launcher.n_jobs), jobs))
    if "num_cpus" in launcher:
        return max(1, int(launcher.num_cpus))
    return launcher.get("cpus_per_task")


class Composer:
    """Composes one config per combination of options and sets the jobs' values in it.

    Hydra reads all its files for every config it composes, which takes 0.1 s per job. Converting a whole config to
    dataclasses takes 1.5 ms more, so that jobs share the parts in which they cannot differ.
    """

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self._loader, self._master = loader, master
        self._parser = OverridesParser.create(config_loader=loader)
        self._value = cache(self._value_override)
        self._is_group = cache(lambda key: bool(loader.list_groups(key) or loader.get_group_options(key)))
        self._nodes: dict[tuple[str, ...], DictConfig] = {}
        self._first: dict[tuple[str, ...], TrainConfig] = {}  # the config of one job, and in which keys others differ
        self._differing: dict[tuple[str, ...], set[str]] = {}

    def config(self, overrides: Sequence[str]) -> TrainConfig | InputError:
        """The config that these overrides give a single run, or the error they raise there.

        All calls with the same options must set the same keys.
        """
        try:
            choice = tuple(text for text in overrides if not self._value(text))
            if choice not in self._nodes:
                composed = self._loader.load_sweep_config(self._master, list(overrides))
                check_swept(self._loader, composed.hydra, overrides)
                self._nodes[choice] = node(composed, TrainConfig)
            values = {override.key_or_group: override.value() for override in map(self._value, overrides) if override}
            for key, value in values.items():
                OmegaConf.update(self._nodes[choice], key, value)
            return checked(self._converted(choice, values))
        except InputError as error:
            return error
        except (HydraException, OmegaConfBaseException, ValueError) as error:
            return InputError(explain(error, overrides))

    def _converted(self, choice: tuple[str, ...], keys: Iterable[str]) -> TrainConfig:
        """The dataclass for a choice's node, in which all its jobs set these keys."""
        node = self._nodes[choice]
        if choice not in self._first:
            self._first[choice] = cast(TrainConfig, OmegaConf.to_object(node))
            parts = cast(dict[str, Any], OmegaConf.to_container(node))
            self._differing[choice] = {key for key, part in parts.items() if "${" in str(part)}
            self._differing[choice] |= {key.partition(".")[0] for key in keys}
        differing = {key: node[key] for key in self._differing[choice]}
        parts = {
            key: OmegaConf.to_object(part) if OmegaConf.is_config(part) else part for key, part in differing.items()
        }
        return replace(self._first[choice], **parts)

    def _value_override(self, text: str) -> Override | None:
        """The parsed override if it sets a plain value; None if it chooses an option, or adds or removes a key."""
        override = self._parser.parse_override(text)
        if override.type is not OverrideType.CHANGE or self._is_group(override.key_or_group):
            return None
        if override.key_or_group.endswith(".name"):  # chooses an option too
            return None
        if override.value() is None and options(override.key_or_group.rpartition(".")[0]):  # may remove an option
            return None
        return None if isinstance(override.value(), dict | list) else override  # merged with the value in the config
