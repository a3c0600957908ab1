"""Where runs are kept: conf/tracking/."""

from dataclasses import dataclass

from bloodcells.config.errors import InputError
from bloodcells.config.options import option


@option("tracking", "off")
@dataclass
class Tracking:
    """Nothing is kept."""

    name: str


@option("tracking", "local")
@dataclass
class LocalTracking(Tracking):
    """MLflow in a folder; `experiment` is MLflow's word for a set of runs."""

    directory: str
    experiment: str


@option("tracking", "server")
@dataclass
class ServerTracking(Tracking):
    """MLflow on a server."""

    uri: str
    experiment: str

    def check(self) -> None:
        if not self.uri.startswith(("http://", "https://")):
            raise InputError(f"tracking.uri={self.uri}: expected the address of a server, http://… or https://…")


@dataclass
class Sweep:
    """What `--multirun` does with jobs that have a finished run: skips them, or with `rerun` does them again."""

    rerun: bool
