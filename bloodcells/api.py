"""The package's functions for use from Python, such as in a notebook: `from bloodcells import compose, train`."""

import logging
from dataclasses import replace
from typing import TypeVar

import hydra
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.explain import explain
from bloodcells.config.schema import EvaluateConfig, ReproduceConfig, TrainConfig
from bloodcells.config.typed import plain, typed
from bloodcells.runs.result import Result, stored_result
from bloodcells.runs.train import train as train_run

Config = TypeVar("Config")


def compose(*overrides: str) -> TrainConfig:
    """Returns the config of a training run: conf/train.yaml with overrides.

    Args:
        overrides: settings as on the command line: "backbone=mobilenetv2" chooses an option of a group,
            "training.batch_size=64" sets a value, "experiment=mobilenetv2" applies a file of conf/experiment. What an
            experiment sweeps (`hydra.sweeper.params`) is for `--multirun` and has no effect here.

    Returns:
        The typed config, with every key, type, range and combination checked.

    Raises:
        InputError: an unknown key or option, or a value of the wrong type or out of range. The message is one line.

    Example:
        >>> config = compose("backbone=mobilenetv2", "seed=1")
        >>> config.seed
        1
        >>> config.training.batch_size
        32
    """
    return _compose("train", TrainConfig, overrides)


def train(config: TrainConfig) -> Result:
    """Trains a classifier, scores it and stores the run, exactly like `python -m bloodcells.train`.

    A process can train any number of runs, with the same results as in separate processes. Training with the config of
    an interrupted run resumes that run.

    Args:
        config: a config from `compose` or `load_run`, or one changed with `dataclasses.replace`.

    Returns:
        The result of the run, with its model.

    Raises:
        InputError: the config is invalid or does not fit the data, a file is missing, the loss diverged, the store is
            unavailable, or `training.threads` differs from that of an earlier run in this process.

    Example:
        >>> result = train(compose("backbone=mobilenetv2", "seed=1"))
        >>> result.metrics["test/accuracy"]
        0.9714
        >>> result.history[["epoch", "val_accuracy"]].tail(1)
            epoch  val_accuracy
        29     30      0.968571
        >>> result.model.predict(images).argmax(axis=1)  # uint8 (n, height, width, 3)
        array([3, 0, 7])
    """
    _log_to_stdout()
    _check(config)
    return train_run(config)


def evaluate(run: str | Result, *overrides: str) -> Result:
    """Scores the model of a finished run and stores the scores, exactly like `python -m bloodcells.evaluate`.

    Args:
        run: a result, or the id or name of a training run, or a unique prefix of either.
        overrides: settings of conf/evaluate.yaml, such as "evaluation=grid", or "data=npz" and "data.path=FILE" to
            score images of another data set. A result is looked up in its own store unless `overrides` set `tracking`.

    Returns:
        The result of the evaluation. Its history and model are those of the training run.

    Raises:
        InputError: no such run, an invalid override, or images whose size or classes do not fit the model.

    Example:
        >>> evaluate("b2d4").metrics["composed/accuracy"]
        0.8423
    """
    from bloodcells.evaluate import evaluate as score  # imports MLflow

    _log_to_stdout()
    config = _compose("evaluate", EvaluateConfig, ("run_id=''", *overrides))
    if config.run_id:
        raise InputError(f"run_id={config.run_id}: expected the run as the first argument only")
    if isinstance(run, Result):
        if not run.run_id:
            raise InputError("this result is not stored (tracking=off); expected the result of a stored run")
        if not any(override.startswith("tracking") for override in overrides):
            config = replace(config, tracking=run.config.tracking)
        run = run.run_id
    if not isinstance(run, str):
        raise InputError(f"run: expected a result, or the id or name of a run as a text; received {run!r}")
    return score(replace(config, run_id=run))


def load_run(run: str, *overrides: str) -> Result:
    """Returns the result of a finished training run, as `train` returned it.

    Args:
        run: the id or name of the run, or a unique prefix of either.
        overrides: where the run is stored, such as "tracking.directory=/data/mlruns", or "tracking=server" and
            "tracking.uri=URL".

    Returns:
        The result. Its config and model are loaded on first access.

    Raises:
        InputError: no run or several runs match, the run has not finished, or the store does not exist.

    Example:
        >>> result = load_run("b2d4")
        >>> result
        Result(run_id='b2d46c0f...', test accuracy 0.9714 after 30 epochs)
        >>> result.config.backbone.name
        'mobilenetv2'
        >>> train(replace(result.config, seed=2))  # dataclasses.replace: the same with another seed
    """
    from bloodcells.tracking.find import find_run  # imports MLflow

    if not isinstance(run, str):
        raise InputError(f"run: expected the id or name of a run as a text; received {run!r}")
    tracking = _compose("reproduce", ReproduceConfig, ("run_id=''", *overrides)).tracking
    return stored_result(find_run(tracking, run), tracking)


def _check(config: TrainConfig) -> None:
    """Raises InputError for an invalid config: `compose` checks its own, but fields can be replaced afterwards."""
    if not isinstance(config, TrainConfig):
        raise InputError(f"config: expected a config, as compose() returns it; received {config!r}")
    try:
        typed(OmegaConf.create(plain(config)), TrainConfig)
    except OmegaConfBaseException as error:
        raise InputError(explain(error)) from error


def _compose(config_name: str, kind: type[Config], overrides: tuple[str, ...]) -> Config:
    if wrong := [override for override in overrides if not isinstance(override, str)]:
        raise InputError(f'overrides: expected texts, such as "seed=1", one per argument; received {wrong[0]!r}')
    try:
        with hydra.initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"):
            return typed(hydra.compose(config_name, list(overrides)), kind)
    except InputError:
        raise
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise InputError(explain(error, overrides)) from error


class _Stdout(logging.Handler):
    """Prints to the current `sys.stdout`, which notebooks replace."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), flush=True)


def _log_to_stdout() -> None:
    """Shows the package's messages if nothing has configured logging, as in a notebook."""
    log = logging.getLogger("bloodcells")
    if not log.hasHandlers():
        log.addHandler(_Stdout())
        log.setLevel(logging.INFO)
