"""Finds stored runs by a filter, an id or a name. Needs no TensorFlow."""

import csv
import logging
from collections.abc import Sequence

import mlflow
from mlflow.exceptions import MlflowException

from bloodcells.config.errors import InputError
from bloodcells.config.explain import nearest
from bloodcells.config.names import Program, Tag
from bloodcells.config.schema import RankBy, Tracking
from bloodcells.tracking.ensemble import Ensemble
from bloodcells.tracking.store import Store, source_of
from bloodcells.tracking.stored_run import StoredRun

log = logging.getLogger(__name__)
TRAINED = f"tags.`{Tag.PROGRAM}` = '{Program.TRAIN}'"  # excludes evaluations, inspections and repetitions
ALL = 50_000  # the most that MLflow returns at once


def search(tracking: Tracking, where: str | None = None, store: Store | None = None) -> list[StoredRun]:
    """All training runs of the experiment, oldest first.

    where: a filter in MLflow's search language
    store: where to look; by default where `tracking` reads runs, at which MLflow then points
    Raises InputError if the store or the experiment does not exist, and for a filter that MLflow cannot parse.
    """
    if store is None:
        store = source_of(tracking)
        if store.keeps_runs:
            mlflow.set_tracking_uri(store.uri)
    experiment, given = store.existing_experiment(), f"{TRAINED} and {where}" if where else TRAINED
    with store.client() as client:
        try:
            runs = client.search_runs([experiment], given, max_results=ALL, order_by=["attributes.start_time ASC"])
        except MlflowException as error:
            if where is None or error.error_code != "INVALID_PARAMETER_VALUE":
                raise
            raise InputError(f"filter={where}: MLflow cannot parse it ({str(error).splitlines()[0]})") from error
    return [StoredRun(run, uri=store.uri) for run in runs]


def find_run(tracking: Tracking, wanted: str) -> StoredRun:
    """The finished training run with this id or name, or the only one whose id or name starts with it.

    "best" is the finished run with the highest accuracy of `tracking.rank_by`, which is logged with what it is best of.
    Raises InputError if there is no such run, if there are several, or if it has not finished.
    """
    if not wanted:
        raise InputError("run_id=: expected the id or name of a run, or the start of one")
    runs = search(tracking)
    if wanted == "best":
        return _best(runs, tracking.rank_by.metric)
    matches = [run for run in runs if wanted in (run.id, run.origin, run.name)]
    matches = matches or [
        run for run in runs if any(text.startswith(wanted) for text in (run.id, run.origin, run.name))
    ]
    if len(matches) > 1:
        some = ", ".join(f"{run.id} ({run.name})" for run in matches[:3])
        raise InputError(f"run_id={wanted}: matches {len(matches)} runs, such as {some}; give more of the id")
    if not matches:
        known = [text for run in runs for text in (run.id, run.name)]
        raise InputError(
            f"run_id={wanted}: matches none of the {len(runs)} training runs of this tracking.experiment"
            f"{_several(wanted, known) or _of_another_program(wanted) or nearest(wanted, known)}"
        )
    (run,) = matches
    if run.status != "FINISHED":
        raise InputError(f"run_id={wanted}: run {run.id} ({run.name}) is {run.status}; expected one that is FINISHED")
    return run


def find_runs(tracking: Tracking, wanted: str) -> StoredRun:
    """As `find_run`, but "[a,b,c]" gives several runs as one, with the means of their probabilities.

    Raises InputError also if runs cannot predict together.
    """
    if not (wanted.startswith("[") and wanted.endswith("]")):
        return find_run(tracking, wanted)
    (names,) = csv.reader([wanted[1:-1]], skipinitialspace=True)  # a name with a comma can be quoted
    if not names or not all(name.strip() for name in names):
        raise InputError(f"run_id={wanted}: a run is missing; expected their ids or names, as in [a,b]")
    runs = [find_run(tracking, name.strip()) for name in names]
    return Ensemble.of(runs) if len(runs) > 1 else runs[0]


def _best(runs: Sequence[StoredRun], metric: str) -> StoredRun:
    ranked = [run for run in runs if run.status == "FINISHED" and metric in run.metrics]
    if not ranked:
        clean = RankBy.clean.metric
        other = f"; tracking.rank_by=clean ranks by {clean}" if any(clean in run.metrics for run in runs) else ""
        raise InputError(f"run_id=best: none of the {len(runs)} training runs has finished with {metric}{other}")
    best = max(ranked, key=lambda run: run.metrics[metric])
    count = f"{len(ranked)} run{'s' * (len(ranked) > 1)}"
    log.info(f"run_id=best: {best.id} has the highest {metric} of {count}, {best.metrics[metric]:.3f}")
    if others := sum(run.tags.get(Tag.DATA) != best.tags.get(Tag.DATA) for run in ranked):
        log.warning(f"{others} of these {len(ranked)} runs have other data, so that their accuracies do not compare")
    return best


def _several(wanted: str, known: Sequence[str]) -> str:
    """The hint for several runs where one is expected, or for several without brackets; else empty."""
    if wanted.startswith("["):
        return ": expected one run, since this command uses one model"
    names = [name.strip() for name in wanted.strip("[]").split(",")]
    if len(names) < 2 or not all(any(each.startswith(name) for each in known) for name in names):
        return ""
    return f"; expected one run, or for the mean of several, where that is possible, 'run_id=[{','.join(names)}]'"


def _of_another_program(run_id: str) -> str:
    """The hint for the id of a run that is not a training run, such as an evaluation; else empty."""
    try:
        tags = mlflow.get_run(run_id).data.tags
    except MlflowException:
        return ""
    parent = f", made from run_id={tags[Tag.PARENT]}" if Tag.PARENT in tags else ""
    return f": it is a run of {tags.get(Tag.PROGRAM, 'another program')}{parent}"
