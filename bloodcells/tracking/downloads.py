"""What this process has downloaded from servers: each file once, and removed when the process ends."""

import atexit
import tempfile
from functools import cache
from pathlib import Path, PurePosixPath

import mlflow


@cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="bloodcells-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def downloaded_file(client: mlflow.MlflowClient, run_id: str, name: str) -> Path:
    """The path of a run's file on this machine; no file is there if the run has none of this name.

    Raises MlflowException and OSError.
    """
    path = _folder() / run_id / name
    if not path.is_file():
        parent = str(PurePosixPath(name).parent)
        if any(file.path == name for file in client.list_artifacts(run_id, None if parent == "." else parent)):
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=path.parent) as partial:
                Path(client.download_artifacts(run_id, name, partial)).rename(path)
    return path


def downloaded_folder(store: str, uri: str, name: str) -> Path:
    """The path of a folder on this machine; store: MLflow's tracking URI; name: unique for `uri`.

    Raises MlflowException and OSError.
    """
    path = _folder() / name
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=_folder()) as partial:
            Path(mlflow.artifacts.download_artifacts(uri, dst_path=partial, tracking_uri=store)).rename(path)
    return path
