"""Where the checkout is, and `${checkout:}` in conf/ for every process that imports this, a sweep's workers too."""

from pathlib import Path

from omegaconf import OmegaConf

CHECKOUT = Path(__file__).resolve().parents[2]
OmegaConf.register_new_resolver("checkout", lambda: str(CHECKOUT), replace=True)
