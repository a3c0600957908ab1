"""Sweeps: decides which jobs to run, runs each in its own process, and reports the results."""

from bloodcells.sweep.grid import GridSweeper
from bloodcells.sweep.ray import RayLauncher
from bloodcells.sweep.search.sweeper import OptunaSweeper

PLUGINS = (GridSweeper, OptunaSweeper, RayLauncher)  # for Hydra
