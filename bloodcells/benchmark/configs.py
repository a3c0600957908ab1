"""Configs of training, composed as its command line does."""

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.schema import TrainConfig
from bloodcells.config.typed import typed


def composed(*overrides: str) -> TrainConfig:
    """conf/train.yaml with these overrides."""
    GlobalHydra.instance().clear()  # a program that Hydra runs has composed its own config there
    with initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"):
        return typed(compose("train", list(overrides)), TrainConfig)
