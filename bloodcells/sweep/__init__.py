"""Sweeps: decides which jobs to run, runs each in its own process, and reports the results."""

from bloodcells.sweep.grid import GridSweeper
from bloodcells.sweep.ray import RayLauncher
from bloodcells.sweep.search.sweeper import OptunaSweeper
from bloodcells.sweep.slurm import SlurmLauncher

PLUGINS = (GridSweeper, OptunaSweeper, RayLauncher, SlurmLauncher)  # for Hydra
