"""Starts a run in MLflow, or resumes it after an interruption, and ends it with its status."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import mlflow
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import RunStatus

from bloodcells.config.errors import InputError
from bloodcells.config.names import Program, Tag
from bloodcells.config.schema import Tracking, TrainConfig
from bloodcells.provenance.fingerprint import FILING, Fingerprint
from bloodcells.runs.checkpoint import claim, identity_of, run_of
from bloodcells.runs.description import run_name, run_params
from bloodcells.runs.killed import close_killed
from bloodcells.runs.phase_1 import shared_state
from bloodcells.runs.sweep_run import PrunedError, SweepJob
from bloodcells.tracking.errors import STORE_ERRORS
from bloodcells.tracking.live_run import LiveRun, TrackedRun, UntrackedRun
from bloodcells.tracking.mirror import Mirror, deliver
from bloodcells.tracking.store import Store, store_of
from bloodcells.tracking.stored_run import StoredRun
from bloodcells.training.epochs import DivergedError
from bloodcells.training.state import StateFile

log = logging.getLogger(__name__)


@contextmanager
def tracked(
    config: TrainConfig,
    fingerprint: Fingerprint,
    origin: str,
    *,
    original: StoredRun | None = None,
    sweep: SweepJob | None = None,
) -> Iterator[LiveRun]:
    """A training run, which ends as `started` describes; origin: the name of the data.

    If the same command was interrupted before, resumes that run from its saved state. There is no option for this,
    because the result is the same: a scheduler may restart a killed job.

    original: the run that this one repeats. It becomes the parent, and searches for training runs do not return the
        repetition, which would count as another seed.
    sweep: the job of a sweep that the run belongs to. The sweep becomes the parent, and phase 1 may be shared.
    """
    store = store_of(config.tracking)
    if not store.keeps_runs:
        yield UntrackedRun()
        return
    store.open()
    name, program = run_name(config, sweep.name if sweep else "")[:250], Program.TRAIN
    tags = {key: str(value) for key in FILING if (value := getattr(config, key))}
    if original:
        name, program = f"Reproduction of {original.name}", Program.REPRODUCE
        tags |= {Tag.PARENT: original.id}
    if sweep:
        tags |= sweep.tags
    identity = identity_of(config, store, fingerprint, reproduces=original.id if original else "")
    with claim(store, identity) as checkpoint:
        tags |= source_tags(program, fingerprint) | {Tag.CHECKPOINT: checkpoint.name}
        state = StateFile(checkpoint.file, checkpoint.identity)
        try:
            with started(
                config.tracking, name, tags=tags, params=run_params(config), origin=origin, context="training"
            ) as run:
                shared = shared_state(config, fingerprint, checkpoint, job=sweep, run=run) if sweep else None
                with shared or nullcontext(state) as run.state:
                    yield run
        except (DivergedError, PrunedError):  # it would end in the same way again
            checkpoint.remove()
            raise
        except KeyboardInterrupt:
            log.info(
                "interrupted: the same command resumes this run %s",
                f"after epoch {state.epochs}" if state.epochs else "from the first epoch",
            )
            raise
        checkpoint.remove()


@contextmanager
def started(
    tracking: Tracking,
    name: str,
    *,
    tags: Mapping[str, str],
    params: Mapping[str, str | int | float],
    origin: str,
    context: str,
) -> Iterator[LiveRun]:
    """A run that ends FINISHED, KILLED if it was interrupted or pruned, or FAILED, with the error as a tag.

    Before it starts, other runs whose process was killed are closed.

    tags: those of `source_tags` and others; a run with the same `Tag.CHECKPOINT` is resumed
    origin, context: the name of the data and what they are used for, such as "training", shown in MLflow's table
    """
    store = store_of(tracking)
    if not store.keeps_runs:
        yield UntrackedRun()
        return
    store.open()
    deliver(store, close_killed(store))
    with store.errors():
        interrupted = run_of(tags[Tag.CHECKPOINT]) if Tag.CHECKPOINT in tags else None
        run_id = interrupted.info.run_id if interrupted else store.new_run(name, tags)
        # Always with an id: otherwise MLFLOW_RUN_ID in the environment would choose, even a finished run.
        run = mlflow.start_run(run_id=run_id, tags=dict(tags))
    mirror = Mirror(store, run_id) if store.mirror else None
    live = TrackedRun(store, run, resumed=interrupted is not None)
    error: BaseException | None = None
    try:
        with store.errors():
            if interrupted:
                log.info("resuming run %s, which was interrupted", run.info.run_id)
                if Tag.ERROR in interrupted.data.tags:
                    mlflow.delete_tag(Tag.ERROR)
            mlflow.log_params(dict(params))
            if not (interrupted and interrupted.inputs and interrupted.inputs.dataset_inputs):
                source = CodeDatasetSource({})
                dataset = MetaDataset(source, name=Path(origin).name, digest=tags[Tag.DATA][:12])  # type: ignore[abstract]
                mlflow.log_input(dataset, context=context)
        yield live
    except BaseException as raised:
        error = raised
        raise
    finally:
        try:
            _end(store, error)
        finally:
            if mirror:
                live.copy = mirror.close(interrupted=isinstance(error, KeyboardInterrupt))


def _end(store: Store, error: BaseException | None) -> None:
    """Ends the run with a status. If that fails, raises only if there is no `error`, which is the likely cause."""
    killed = isinstance(error, KeyboardInterrupt | PrunedError)
    status = RunStatus.FINISHED if error is None else RunStatus.KILLED if killed else RunStatus.FAILED
    if error is not None:
        with suppress(*STORE_ERRORS):
            interrupted = isinstance(error, KeyboardInterrupt)
            text = (str(error) or "interrupted") if interrupted else f"{type(error).__name__}: {error}"
            mlflow.set_tag(Tag.ERROR, text[:5000])
    try:
        with store.errors():
            mlflow.end_run(RunStatus.to_string(status))
    except InputError:
        if error is None:
            raise


def source_tags(program: str, fingerprint: Fingerprint) -> dict[str, str]:
    """Tags that record which program made a run, and from which inputs; program: one of `Program`."""
    return {
        Tag.PROGRAM: program,
        Tag.COMMIT: fingerprint.commit,
        Tag.DIRTY: str(fingerprint.dirty).lower(),
        Tag.DATA: fingerprint.data,
        Tag.CONFIG: fingerprint.config,
        Tag.CODE: fingerprint.code,
        Tag.PACKAGES: fingerprint.packages,
        Tag.INITIAL_WEIGHTS: fingerprint.weights,
    }
