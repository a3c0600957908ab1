"""Sweeps: decides which jobs to run, runs each in its own process, and reports the results."""

from bloodcells.sweep.ray import RayLauncher
from bloodcells.sweep.sweeper import Sweeper

PLUGINS = (Sweeper, RayLauncher)  # for Hydra
