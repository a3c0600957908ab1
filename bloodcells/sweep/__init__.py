"""Many runs of one command: which are to be done, each in a process of its own, and what came of them."""

from bloodcells.sweep.ray import RayLauncher
from bloodcells.sweep.sweeper import Sweeper

PLUGINS = (Sweeper, RayLauncher)  # of Hydra
