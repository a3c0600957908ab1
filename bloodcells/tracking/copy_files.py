"""Copies the files and the model of a run from one store to another."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import mlflow
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus, Run

from bloodcells.tracking.store import Store, local_path

AT_ONCE = 4  # files


class RunFiles:
    """The files of a copy of a run. Methods raise InputError if a store cannot be accessed."""

    def __init__(self, source: Store, target: Store, copy_id: str) -> None:
        self._source, self._target, self._copy_id = source, target, copy_id
        self._there: dict[str, int] | None = None  # sizes of the files that the copy has

    def copy(self, run: Run) -> None:
        """Copies the files that the copy lacks, or whose size differs, several at a time."""
        if self._there is None:
            self._there = dict(_listed(self._target, self._copy_id))
        folder = local_path(run.info.artifact_uri)
        here = dict(_sizes(folder) if folder else _listed(self._source, run.info.run_id))
        new = [name for name, size in here.items() if self._there.get(name) != size]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda name: self._copy_file(run.info.run_id, name, folder), new))
        self._there |= here

    def _copy_file(self, run_id: str, name: str, folder: Path | None) -> None:
        """Copies one file; folder: where the run's files are, if they are on this machine."""
        with tempfile.TemporaryDirectory() as downloaded:
            if folder:
                path = str(folder / name)
            else:
                with self._source.client() as client:
                    path = client.download_artifacts(run_id, name, downloaded)
            parent = str(PurePosixPath(name).parent)
            with self._target.client() as client:
                client.log_artifact(self._copy_id, path, None if parent == "." else parent)

    def copy_models(self, run: Run, experiment: str) -> None:
        """Copies the models that the copy lacks, and deletes incomplete ones; experiment: the id of the copy's."""
        models = [model for model in _models(self._source, run) if model.status == LoggedModelStatus.READY]
        if not models:
            return
        with self._target.client() as client:
            copy = client.get_run(self._copy_id)
            there = {model.name: model for model in _models(self._target, copy)}
            for name, model in list(there.items()):
                if model.status != LoggedModelStatus.READY:
                    client.delete_logged_model(model.model_id)
                    del there[name]
        for model in models:
            if model.name not in there:
                there[model.name] = self._copy_model(run, model, experiment)
        if not (copy.outputs and copy.outputs.model_outputs):
            with self._target.client() as client:
                client.log_outputs(self._copy_id, [LoggedModelOutput(made.model_id, 0) for made in there.values()])

    def _copy_model(self, run: Run, model: LoggedModel, experiment: str) -> LoggedModel:
        with tempfile.TemporaryDirectory() as folder:
            with self._source.errors():
                files = mlflow.artifacts.download_artifacts(
                    model.artifact_location, dst_path=folder, tracking_uri=self._source.uri
                )
            with self._target.client() as client:
                made = client.create_logged_model(
                    experiment, model.name, self._copy_id, dict(model.tags), dict(model.params), model.model_type
                )
                described = Path(files, "MLmodel")
                text = described.read_text().replace(str(model.model_id), str(made.model_id))
                described.write_text(text.replace(run.info.run_id, self._copy_id))
                client.log_model_artifacts(made.model_id, files)
                return client.finalize_logged_model(made.model_id, LoggedModelStatus.READY)


def _listed(store: Store, run_id: str, folder: str | None = None) -> Iterator[tuple[str, int]]:
    """The files of a run with their sizes in bytes."""
    with store.client() as client:
        files = client.list_artifacts(run_id, folder)
    for file in files:
        if file.is_dir:
            yield from _listed(store, run_id, file.path)
        else:
            yield file.path, file.file_size or 0


def _sizes(folder: Path) -> Iterator[tuple[str, int]]:
    """The files in a folder with their sizes in bytes."""
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file.stat().st_size


def _models(store: Store, run: Run) -> list[LoggedModel]:
    with store.client() as client:
        return list(client.search_logged_models([run.info.experiment_id], f"source_run_id = '{run.info.run_id}'"))
