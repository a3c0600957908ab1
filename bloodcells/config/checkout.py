"""The folder of the checkout, and the resolver `${checkout:}` for conf/, registered by importing this module."""

from pathlib import Path

from omegaconf import OmegaConf

CHECKOUT = Path(__file__).resolve().parents[2]
OmegaConf.register_new_resolver("checkout", lambda: str(CHECKOUT), replace=True)
