"""Where runs are stored: conf/tracking/."""

from dataclasses import dataclass

from bloodcells.config.errors import InputError
from bloodcells.config.options import option


@option("tracking", "off")
@dataclass
class Tracking:
    """Nothing is stored."""

    name: str


@option("tracking", "local")
@dataclass
class LocalTracking(Tracking):
    """MLflow in a folder; `experiment`: MLflow's word for a set of runs."""

    directory: str
    experiment: str


@option("tracking", "server")
@dataclass
class ServerTracking(Tracking):
    """An MLflow server."""

    uri: str
    experiment: str

    def check(self) -> None:
        if not self.uri.startswith(("http://", "https://")):
            raise InputError(f"tracking.uri={self.uri}: expected the address of a server, http://… or https://…")


@dataclass
class Sweep:
    """Jobs of `--multirun` that have a finished run are skipped, or run again with `rerun`."""

    rerun: bool
