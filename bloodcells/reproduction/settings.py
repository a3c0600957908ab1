"""The config to do a run again with."""

from dataclasses import replace

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Tracking, TrainConfig
from bloodcells.config.typed import typed
from bloodcells.tracking.stored import StoredRun


def settings(run: StoredRun, tracking: Tracking) -> TrainConfig:
    """The run's own config, on as many threads as it had, kept track of by `tracking`.

    Raises InputError where the config cannot be read, or is of another version of the schema.
    """
    threads = run.environment().get("threads")
    file = run.file("config.yaml")
    with run.readable("config.yaml"):
        found = OmegaConf.load(file)
    try:
        if not isinstance(found, DictConfig):
            raise InputError("it is a list")
        config = typed(found, TrainConfig)
    except (InputError, OmegaConfBaseException) as error:
        raise InputError(
            f"run {run.name} ({run.id}): its config.yaml is not of this version of bloodcells "
            f"({str(error).splitlines()[0]}); expected what training writes today: check out the commit it was "
            f"trained with, {run.run.data.tags.get('mlflow.source.git.commit', 'unknown')[:8]}"
        ) from error
    training = replace(config.training, threads=threads or config.training.threads)
    return replace(config, training=training, tracking=tracking)
