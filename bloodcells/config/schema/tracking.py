"""Where runs are stored (conf/tracking/), and the settings of a sweep."""

from dataclasses import dataclass

from bloodcells.config.errors import InputError
from bloodcells.config.options import option


@option("tracking", "off")
@dataclass
class Tracking:
    """No tracking: runs are not stored."""

    name: str


@option("tracking", "local")
@dataclass
class LocalTracking(Tracking):
    """An MLflow store in a folder. `experiment`: the MLflow experiment, a named set of runs."""

    directory: str
    experiment: str


@option("tracking", "server")
@dataclass
class ServerTracking(Tracking):
    """An MLflow tracking server."""

    uri: str
    experiment: str

    def check(self) -> None:
        if not self.uri.startswith(("http://", "https://")):
            raise InputError(f"tracking.uri={self.uri}: expected the address of a server, http://… or https://…")


@dataclass
class Sweep:
    """Settings of `--multirun`: jobs with a finished run are skipped, or run again with `rerun`."""

    rerun: bool
