"""Many runs of one command: how they share a machine, and where they run."""

# A worker that is handed anything of this package resolves ${checkout:}.
from bloodcells.config import checkout as checkout
