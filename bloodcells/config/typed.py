"""From what Hydra composed to typed, checked dataclasses."""

import dataclasses
import re
from enum import Enum
from typing import Any, TypeVar, cast

from omegaconf import DictConfig, OmegaConf

from bloodcells.config.errors import InputError
from bloodcells.config.explain import nearest
from bloodcells.config.options import options
from bloodcells.config.schema import (
    EvaluateConfig,
    ServerTracking,
    TrainConfig,
)
from bloodcells.config.schema.ranges import inside

Config = TypeVar("Config")


def typed(composed: DictConfig, kind: type[Config]) -> Config:
    """A composed config as a dataclass of the schema, with every key, type, range and combination checked.

    Raises InputError for an unknown option, a number out of range or settings that exclude each other, and
    omegaconf's own errors for an unknown key, a wrong type or a missing value.
    """
    return checked(node(composed, kind), kind)


def node(composed: DictConfig, kind: type[Config]) -> DictConfig:
    """A composed config as a node of the schema, every key and type checked; raises as `typed` does."""
    composed = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    return cast(DictConfig, OmegaConf.merge(_schema(kind, composed, ""), composed))


def checked(node: DictConfig, kind: type[Config]) -> Config:
    """A node of the schema as a dataclass, every range and combination checked; raises as `typed` does."""
    config = cast(Config, OmegaConf.to_object(node))
    _check_ranges(config, "")
    if isinstance(config, TrainConfig):
        _check_training(config)
    if isinstance(config, EvaluateConfig) and config.data.name == "own" and config.data.clean.enabled:
        raise InputError(
            "data.clean.enabled=true with data=own: the run's own images were cleaned before it was trained; expected "
            "another set, data=npz or data=folder, to clean"
        )
    study = getattr(config, "study", None)
    if study is not None and not re.fullmatch(r"\w[\w .+-]*", study):
        raise InputError(
            f"study={study}: expected a name of letters, digits, spaces and . + - _, for a folder is called so"
        )
    evaluation = getattr(config, "evaluation", None)
    if evaluation and evaluation.shift and not evaluation.shift.severities:
        raise InputError(
            "evaluation.shift.severities=[]: expected some of 1 to 5; or evaluation=clean for no distorted images"
        )
    if isinstance(server := getattr(config, "tracking", None), ServerTracking):
        _check_server(server)
    return config


def _schema(option: type, composed: DictConfig, prefix: str) -> DictConfig:
    """The typed node for a dataclass, each group in it typed as the option that `composed` names."""
    node = OmegaConf.structured(option)
    for f in dataclasses.fields(option):
        place = prefix + f.name
        kind, known = f.type, options(place)
        if not dataclasses.is_dataclass(kind):
            continue
        found = OmegaConf.select(composed, place)
        if found is not None and not isinstance(found, DictConfig):
            keys = f"keys under it, such as {place}.{dataclasses.fields(kind)[0].name}=VALUE"
            choice = f"{'schedule@' if '.' in place else ''}{place}=OPTION, of {', '.join(known)}"
            raise InputError(f"{place}={found}: expected {choice if known else keys}")
        if known:
            name = str(OmegaConf.select(composed, f"{place}.name"))
            if name not in known:
                raise InputError(f"{place}.name={name}: expected one of {', '.join(known)}{nearest(name, known)}")
            kind = known[name]
        node[f.name] = _schema(cast(type, kind), composed, place + ".")
    return node


def plain(config: Any) -> Any:
    """A config as nested dicts, lists and scalars, ready for YAML or JSON."""
    if dataclasses.is_dataclass(config):
        return {f.name: plain(getattr(config, f.name)) for f in dataclasses.fields(config)}
    if isinstance(config, list):
        return [plain(value) for value in config]
    return config.value if isinstance(config, Enum) else config


def _check_ranges(config: Any, prefix: str) -> None:
    parts = []
    for f in dataclasses.fields(config):
        value, key = getattr(config, f.name), prefix + f.name
        if dataclasses.is_dataclass(value):
            parts.append((value, key + "."))
        elif interval := f.metadata.get("within"):
            for number in value if isinstance(value, list) else [value]:
                if isinstance(number, (int, float)) and not inside(number, interval):
                    raise InputError(f"{key}={value}: expected a number in {interval}")
    for part, key in parts:  # last, since their numbers may come from those above, as the split's seed does
        _check_ranges(part, key)


def _check_training(config: TrainConfig) -> None:
    split, head, training = config.data.split, config.head, config.training
    if config.data.name == "own":
        raise InputError("data=own: expected npz, folder or synthetic; own is a finished run's, for evaluate")
    if split and split.test_share + split.validation_share >= 1:
        raise InputError(
            f"data.split: test_share {split.test_share} and validation_share {split.validation_share} leave nothing "
            "to train on: expected a sum below 1"
        )
    if bool(head.units) == (head.name == "linear"):
        raise InputError(
            f"head.units={head.units}: expected none with head=linear, and one or more with head=dense; "
            f"received head.name={head.name}"
        )
    if len(head.units) != len(head.dropout):
        raise InputError(
            f"head.dropout={head.dropout}: expected one rate for each of the {len(head.units)} dense layers "
            f"in head.units={head.units}"
        )
    if training.feature_extraction.epochs + training.fine_tuning.epochs == 0:
        raise InputError(
            "training.feature_extraction.epochs and training.fine_tuning.epochs are both 0: "
            "expected at least one epoch to train"
        )
    alpha = getattr(config.loss, "alpha", 1.0)
    if isinstance(alpha, str) and alpha != "balanced":
        raise InputError(f"loss.alpha={alpha}: expected a number, or balanced for weights from the training split")


def _check_server(tracking: ServerTracking) -> None:
    if not tracking.uri.startswith(("http://", "https://")):
        raise InputError(f"tracking.uri={tracking.uri}: expected a server's address, http://… or https://…")
