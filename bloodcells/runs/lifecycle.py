"""The life of a run in MLflow: from its start, or where it was interrupted, to its end, however it ends."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import mlflow
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import RunStatus

from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, ServerTracking, Tracking, TrainConfig
from bloodcells.provenance.fingerprint import FILING, Fingerprint
from bloodcells.runs.description import compared, run_name
from bloodcells.runs.identity import identity_of
from bloodcells.runs.killed import close_dead
from bloodcells.runs.phase_1 import sharing
from bloodcells.runs.sweep_run import SweepJob
from bloodcells.runs.unfinished import PLACE, claimed, run_at
from bloodcells.tracking.run import Run, Tracked, Untracked
from bloodcells.tracking.store import STORE_ERRORS, one_line_errors, open_store
from bloodcells.tracking.stored import StoredRun
from bloodcells.training.epochs import DivergedError
from bloodcells.training.state import StateFile

log = logging.getLogger(__name__)


@contextmanager
def tracked(
    config: TrainConfig,
    fingerprint: Fingerprint,
    origin: str,
    original: StoredRun | None = None,
    sweep: SweepJob | None = None,
) -> Iterator[Run]:
    """The run of a training, as `begun`; origin: the name of the data.

    original: the run that it repeats. Then it stands below that one, and is no training run that searches find: it
        would count as one more seed.
    sweep: what it is in one. Then it stands below the sweep's run, and phase 1 may be that of another of its jobs.
    Where the same command was interrupted, however that came, it is the run of then, with the state it left. That is
    asked of nobody, since it changes nothing that comes out: a scheduler may start a killed job again.
    """
    if not isinstance(config.tracking, LocalTracking | ServerTracking):
        yield Untracked()
        return
    open_store(config.tracking)
    name, program = run_name(config), "bloodcells.train"
    tags = {key: str(value) for key in FILING if (value := getattr(config, key))}
    if original:
        name, program = f"Reproduction of {original.name}", "bloodcells.reproduce"
        tags |= {"mlflow.parentRunId": original.id}
    if sweep:
        tags |= sweep.tags
    identity = identity_of(config, config.tracking, fingerprint, original.id if original else "")
    with claimed(config.tracking, identity) as place:
        tags |= source_tags(program, fingerprint) | {PLACE: place.name}
        state = StateFile(place.file, place.identity)
        try:
            with begun(config.tracking, name, tags, compared(config), origin, "training") as run:
                shared = sharing(config, config.tracking, fingerprint, place, sweep, run) if sweep else None
                with shared or nullcontext(state) as run.state:
                    yield run
        except DivergedError:  # again it would do the same
            with one_line_errors(config.tracking):
                place.remove()
            raise
        except KeyboardInterrupt:
            log.info(
                "interrupted: the same command goes on with this run %s",
                f"after epoch {state.epochs}" if state.epochs else "from its first epoch",
            )
            raise
        with one_line_errors(config.tracking):
            place.remove()


@contextmanager
def begun(
    tracking: Tracking,
    name: str,
    tags: Mapping[str, str],
    params: Mapping[str, str | int | float],
    origin: str,
    context: str,
) -> Iterator[Run]:
    """A run that ends FINISHED, or KILLED where it was interrupted, or FAILED, with the error as its tag, otherwise.

    Others that were killed without a word are closed as it begins.

    tags: as `source_tags` makes them, and more; where a run with the same place for its state is there, it goes on.
    origin, context: the name of the data and what they are for, such as "training", for the UI's table.
    """
    if not isinstance(tracking, LocalTracking | ServerTracking):
        yield Untracked()
        return
    open_store(tracking)
    close_dead(tracking)
    with one_line_errors(tracking):
        left = run_at(tags[PLACE]) if PLACE in tags else None
        run = mlflow.start_run(run_id=left.info.run_id if left else None, run_name=name, tags=dict(tags))
    error: BaseException | None = None
    try:
        with one_line_errors(tracking):
            if left:
                log.info("run %s goes on, which was interrupted", run.info.run_id)
                if "error" in left.data.tags:
                    mlflow.delete_tag("error")
            mlflow.log_params(dict(params))
            if not (left and left.inputs and left.inputs.dataset_inputs):
                source = CodeDatasetSource({})
                dataset = MetaDataset(source, name=Path(origin).name, digest=tags["sha256.data"][:12])  # type: ignore[abstract]
                mlflow.log_input(dataset, context=context)
        yield Tracked(tracking, run, left is not None)
    except BaseException as raised:
        error = raised
        raise
    finally:
        _end(tracking, error)


def _end(tracking: LocalTracking | ServerTracking, error: BaseException | None) -> None:
    """Ends the run that `error` ended; if that cannot be written, `error` is told, of which this is likely to come."""
    killed = isinstance(error, KeyboardInterrupt)
    status = RunStatus.FINISHED if error is None else RunStatus.KILLED if killed else RunStatus.FAILED
    if error is not None:
        with suppress(*STORE_ERRORS):
            mlflow.set_tag("error", f"{type(error).__name__}: {error}"[:5000])
    try:
        with one_line_errors(tracking):
            mlflow.end_run(RunStatus.to_string(status))
    except InputError:
        if error is None:
            raise


def source_tags(program: str, fingerprint: Fingerprint) -> dict[str, str]:
    """The tags that tell what made a run, such as "bloodcells.train", and from what."""
    return {
        "mlflow.source.name": program,
        "mlflow.source.git.commit": fingerprint.commit,
        "git.dirty": str(fingerprint.dirty).lower(),
        "sha256.data": fingerprint.data,
        "sha256.config": fingerprint.config,
        "sha256.code": fingerprint.code,
        "sha256.packages": fingerprint.packages,
        "sha256.initial_weights": fingerprint.weights,
    }
