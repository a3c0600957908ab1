"""Trains a classifier and logs the run: `python -m bloodcells.train`. With `--multirun`, trains a sweep of them."""

from bloodcells.config.command import command
from bloodcells.config.schema import TrainConfig
from bloodcells.runs.train import train
from bloodcells.sweep import PLUGINS

main = command("train", TrainConfig, PLUGINS)(train)

if __name__ == "__main__":
    main()
