"""Registers a finished run's model: `python -m bloodcells.register run_id=best`. Needs no TensorFlow."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bloodcells.config.command import command
from bloodcells.config.errors import InputError
from bloodcells.config.names import Metric, Program, Tag
from bloodcells.config.schema import RegisterConfig
from bloodcells.reporting.terminal import aligned

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

    from bloodcells.comparison.differences import PairedDifference
    from bloodcells.tracking.stored_run import StoredRun

log = logging.getLogger(Program.REGISTER)
CHAMPION = "champion"  # the alias of the version to use


@dataclass(frozen=True)
class Decision:
    """Whether the new version becomes the champion, and why."""

    promoted: bool
    reason: str


def register(config: RegisterConfig) -> int:
    """Registers the model of a run and returns its version.

    The alias `champion` moves to the version if there is no champion yet, with `force`, or if the version is
    significantly better than the champion by the accuracy of `tracking.rank_by`: on the test images that both have, by
    the paired test of reports (`bloodcells.comparison.differences.paired_test`). A run that is registered already keeps
    its version.

    Raises InputError for unknown or unfinished runs, and if the predictions of a run cannot be read.

    Example:
        $ python -m bloodcells.register run_id=best name=bloodcells
        registered  bloodcells, version 3: run 5d13a0c2… (mobilenetv2 dense …)
        champion    version 3: it replaced version 1. The new version, by composed accuracy on 2,390 test images: …
    """
    # Imported here, so that --help and completion do not wait for MLflow.
    from bloodcells.deployment.card import model_card
    from bloodcells.tracking.find import find_run
    from bloodcells.tracking.store import source_of

    run = find_run(config.tracking, config.run_id)
    load = f"mlflow.pyfunc.load_model('models:/{config.name}@{CHAMPION}')"
    card = model_card(run, size=run.image_size(), use=f"{load}.predict(images)", served=True)
    store = source_of(config.tracking)
    with store.client() as client:
        champion = _champion(client, config.name)
        decision = _decide(run, _champion_run(client, champion), champion, config)
        number = _registered(client, config.name, run)
        if number is None:  # otherwise it keeps the comparison of the time when it was registered
            number = _create(client, config.name, run)
            client.update_model_version(config.name, number, f"{card.text}\n## Comparison\n\n{decision.reason}\n")
            client.set_model_version_tag(config.name, number, "comparison", decision.reason)
            for metric, value in run.metrics.items():
                if metric.startswith(("test/", "composed/")):
                    client.set_model_version_tag(config.name, number, metric, f"{value:.3f}")
        if decision.promoted:
            client.set_registered_model_alias(config.name, CHAMPION, number)
    rows = {
        "registered": f"{config.name}, version {number}: run {run.id} ({run.name})",
        CHAMPION: f"version {number if decision.promoted or not champion else champion.version}: {decision.reason}",
        "load": f"import mlflow; mlflow.set_tracking_uri({store.uri!r}); {load}",
    }
    log.info(aligned(rows))
    return int(number)


def _champion(client: "MlflowClient", name: str) -> "ModelVersion | None":
    """The version with the alias `champion`; None if there is none."""
    # A search, since a server with users denies access to a name that does not exist.
    for model in client.search_registered_models(f"name = '{name}'"):
        if CHAMPION in model.aliases:
            return client.get_model_version(name, model.aliases[CHAMPION])
    return None


def _champion_run(client: "MlflowClient", champion: "ModelVersion | None") -> "StoredRun | None":
    """The run of the champion, in any experiment of the store; None if there is none, or no longer."""
    from mlflow.exceptions import MlflowException

    from bloodcells.tracking.stored_run import StoredRun

    try:
        run = client.get_run(champion.run_id) if champion and champion.run_id else None
    except MlflowException:
        return None
    return StoredRun(run) if run and run.info.lifecycle_stage == "active" else None


def _registered(client: "MlflowClient", name: str, run: "StoredRun") -> str | None:
    """The number of the run's version; None if there is none."""
    versions = client.search_model_versions(f"name = '{name}'")
    return next((str(version.version) for version in versions if version.run_id == run.id), None)


def _create(client: "MlflowClient", name: str, run: "StoredRun") -> str:
    """Makes a version of the run's model, and the name if it is new. Returns the number of the version."""
    from mlflow.exceptions import MlflowException

    model = run.model_uri
    try:
        client.create_registered_model(name, description="Classifiers of blood cells, registered by bloodcells.")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return str(client.create_model_version(name, model, run.id, model_id=model.removeprefix("models:/")).version)


def _decide(
    run: "StoredRun", old: "StoredRun | None", champion: "ModelVersion | None", config: RegisterConfig
) -> Decision:
    """Whether the run becomes the champion; old: the run of the present one, if it can still be found."""
    if champion is None:
        return Decision(True, "it is the first version")
    if champion.run_id == run.id:
        return Decision(False, "it is the version of this run")
    if config.force:
        return Decision(True, f"force=true replaced version {champion.version} without a comparison")
    measure = config.tracking.rank_by.metric
    difference = _difference(run, old, measure) if old else "its run is no longer in the store"
    if isinstance(difference, str):
        return Decision(
            False, f"the new version cannot be compared with it, since {difference}; force=true replaces it"
        )
    if difference.significant and difference.points > 0:
        return Decision(True, f"it replaced version {champion.version}. {_in_words(difference, measure)}")
    return Decision(False, f"it stays. {_in_words(difference, measure)}; force=true replaces it")


def _in_words(difference: "PairedDifference", measure: str) -> str:
    from bloodcells.comparison.runs import MEASURES

    return f"The new version, by {MEASURES[measure]} on {difference.images:,} test images: {difference.describe()}"


def _difference(new: "StoredRun", old: "StoredRun", measure: str) -> "PairedDifference | str":
    """The difference on the test images that both runs have, or why there is none."""
    import numpy as np

    from bloodcells.comparison.differences import paired_test
    from bloodcells.comparison.runs import MEASURES, read_predictions

    if new.tags.get(Tag.DATA) != old.tags.get(Tag.DATA):
        return "the two have different data"
    predictions = list(read_predictions([new, old]).values())
    shares, settings = [], []
    for each in predictions:
        if isinstance(each, InputError):
            raise each
        by_measure = {Metric.TEST_ACCURACY: each.correct, **each.shares}
        if measure not in by_measure:
            return f"one of them has no {MEASURES[measure]}"
        shares.append(dict(zip(each.examples.tolist(), by_measure[measure].tolist(), strict=True)))
        settings.append(each.variants.get(measure))
    if settings[0] != settings[1]:
        return "the two were evaluated on different distortions"
    common = [example for example in shares[0] if example in shares[1]]
    first, second = (np.array([[share[example] for example in common]]) for share in shares)
    return paired_test(first, second) or "they have no test image in common (give all runs data.split.seed=0)"


main = command("register", RegisterConfig)(register)

if __name__ == "__main__":
    main()
