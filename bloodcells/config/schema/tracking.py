"""Where runs are stored (conf/tracking/), and the settings of a sweep."""

from dataclasses import dataclass, field
from enum import Enum
from importlib.util import find_spec
from urllib.parse import urlsplit

from bloodcells.config.errors import InputError
from bloodcells.config.names import Metric
from bloodcells.config.options import option


class RankBy(Enum):
    """The accuracy that ranks runs: on test images distorted by chains at full or mild strength, or undistorted."""

    composed = "composed"
    mild = "mild"
    clean = "clean"

    @property
    def metric(self) -> str:
        """The metric that ranks."""
        return {
            RankBy.composed: Metric.COMPOSED_ACCURACY,
            RankBy.mild: Metric.MILD_ACCURACY,
            RankBy.clean: Metric.TEST_ACCURACY,
        }[self]


@option("tracking", "off")
@dataclass
class Tracking:
    """No tracking: runs are not stored. `rank_by`: see RankBy."""

    name: str
    rank_by: RankBy = field(kw_only=True)


@option("tracking", "local")
@dataclass
class LocalTracking(Tracking):
    """An MLflow store in a folder.

    experiment: the MLflow experiment, a named set of runs
    tensorboard: whether the learning curves are also written for TensorBoard
    """

    directory: str
    experiment: str
    tensorboard: bool

    def check(self) -> None:
        _check_tensorboard(self.tensorboard)


@option("tracking", "server")
@dataclass
class ServerTracking(LocalTracking):
    """An MLflow tracking server, to which the runs of a local store are copied while they run."""

    uri: str

    def check(self) -> None:
        super().check()
        if not self.uri.startswith(("http://", "https://")):
            raise InputError(f"tracking.uri={self.uri}: expected the address of a server, http://… or https://…")
        if "@" in urlsplit(self.uri).netloc:  # not repeated here: it would be printed and stored
            raise InputError(
                "tracking.uri: contains a name or a password, which every run would store; expected an address without "
                "them: set the environment variables MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
            )


def _check_tensorboard(wanted: bool) -> None:
    if wanted and find_spec("tensorboard") is None:
        raise InputError(
            "tracking.tensorboard=true: TensorBoard is not installed; install the extra: pip install '.[tensorboard]'"
        )


@dataclass
class SweepSettings:
    """Settings of `--multirun`: jobs with a finished run are skipped, or run again with `rerun`."""

    rerun: bool
