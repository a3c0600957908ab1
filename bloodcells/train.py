"""Trains a classifier and logs the run: `python -m bloodcells.train`. With `--multirun`, trains a sweep of them."""

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig

from bloodcells.config.command import command
from bloodcells.config.schema import TrainConfig
from bloodcells.sweep import PLUGINS
from bloodcells.sweep.expand import check_single, check_swept


def train_one(config: TrainConfig) -> None:
    """Trains one run. Raises InputError if the command names an experiment that is a sweep, or how to run a sweep."""
    from bloodcells.runs.train import train  # imported here, so that --help and completion do not wait for it

    settings = HydraConfig.get()
    check_single(settings.overrides.hydra)
    check_swept(GlobalHydra.instance().config_loader(), settings, settings.overrides.task)
    train(config)


main = command("train", TrainConfig, PLUGINS)(train_one)

if __name__ == "__main__":
    main()
