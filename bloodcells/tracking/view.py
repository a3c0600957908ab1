"""A saved view for the table of runs in MLflow's UI, with columns for the settings and results that matter.

MLflow's default view shows neither metrics nor params. A view is a tag of the experiment, in the format that the UI
writes (tests/tracking/test_live_run.py checks the columns against a run). It is listed under “Views” and has a URL.
"""

import json

import mlflow

from bloodcells.config.names import Metric, Tag

NAME = "comparison"
TAG = f"mlflow.sharedViewState.{NAME}"
DESCRIPTION = f"""The view *{NAME}* (menu at the top right) ranks the runs. Two commands compare and use them:

    python -m bloodcells.report study=NAME        # tables, tests and figures of a study
    python -m bloodcells.evaluate run_id=best     # the best run again; also predict, export, register and serve
"""
# Columns in order, with their width in pixels.
WIDTHS = {
    "attributes.`Run Name`": 230,
    f"metrics.`{Metric.COMPOSED_ACCURACY}`": 120,
    f"metrics.`{Metric.MILD_ACCURACY}`": 120,
    f"metrics.`{Metric.TEST_ACCURACY}`": 100,
    "params.`augmentation`": 150,
    "params.`backbone`": 110,
    "params.`optimizer`": 80,
    "params.`loss`": 110,
    "params.`unfreeze`": 80,
    "params.`head`": 70,
    "params.`seed`": 60,
}


def activate_experiment(name: str, ranked_by: str, artifacts: str | None = None) -> None:
    """Makes `name` the active experiment of MLflow, as `prepared_experiment`."""
    mlflow.clear_active_model()  # MLFLOW_ACTIVE_MODEL_ID would attach the metrics of our runs to another model
    prepared_experiment(mlflow.MlflowClient(), name, ranked_by, artifacts)
    mlflow.set_experiment(name)


def prepared_experiment(client: mlflow.MlflowClient, name: str, ranked_by: str, artifacts: str | None = None) -> str:
    """The id of an experiment, which is created if needed, and given the view and a description if it has none.

    ranked_by: the metric that the view sorts by, highest first
    artifacts: the URI of the folder for artifacts; None: the store chooses it
    """
    experiment = client.get_experiment_by_name(name) or client.get_experiment(client.create_experiment(name, artifacts))
    if TAG not in experiment.tags and experiment.lifecycle_stage == "active":
        columns = [column for column in WIDTHS if not column.startswith("attributes.")]
        state = {
            "selectedColumns": columns,
            "columnOrder": list(WIDTHS),
            "columnWidths": WIDTHS,
            "orderByKey": f"metrics.`{ranked_by}`",
            "orderByAsc": False,
        }
        if Tag.DESCRIPTION not in experiment.tags:
            client.set_experiment_tag(experiment.experiment_id, Tag.DESCRIPTION, DESCRIPTION)
        view = {"name": NAME, "createdAt": 0, "state": json.dumps(state)}
        client.set_experiment_tag(experiment.experiment_id, TAG, json.dumps(view))
    return str(experiment.experiment_id)


def run_address(server: str, experiment_id: str, run_id: str) -> str:
    """The URL of a run's page on `server`."""
    return f"{server}/#/experiments/{experiment_id}/runs/{run_id}"


def address(server: str, experiment_id: str) -> str:
    """The URL of the view on `server`, such as "http://127.0.0.1:5000"."""
    return f"{server}/#/experiments/{experiment_id}/runs?workflowType=machine_learning&viewStateShareKey={NAME}"
