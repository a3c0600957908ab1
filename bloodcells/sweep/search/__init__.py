"""Search for good settings with Optuna: `python -m bloodcells.train --multirun hydra/sweeper=optuna`."""
