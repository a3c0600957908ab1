"""The table of runs in MLflow's pages: a saved view that shows what runs are compared by and what came of them.

MLflow's own first view has no metric and no param. A view is a tag of the experiment, in the form that its pages write
(tests/tracking/test_run.py holds the columns against a run); it is listed under “Views” and has an address.
"""

import json

import mlflow

NAME = "comparison"
TAG = f"mlflow.sharedViewState.{NAME}"
# Pixels; shown in this order.
WIDTHS = {
    "attributes.`Run Name`": 300,
    "metrics.`best/val_accuracy`": 130,
    "metrics.`test/accuracy`": 110,
    "metrics.`test/macro_f1`": 110,
    "metrics.`shift/mean_accuracy`": 140,
    "params.`data`": 90,
    "params.`backbone`": 130,
    "params.`head`": 70,
    "params.`augmentation`": 200,
    "params.`optimizer`": 80,
    "params.`loss`": 150,
    "params.`unfreeze`": 80,
    "params.`seed`": 60,
}


def open_experiment(name: str) -> None:
    """Makes `name` the experiment that runs belong to; a new one gets the view, an old one keeps what it has."""
    experiment = mlflow.set_experiment(name)
    if TAG not in experiment.tags:
        columns = [column for column in WIDTHS if not column.startswith("attributes.")]
        state = {"selectedColumns": columns, "columnOrder": list(WIDTHS), "columnWidths": WIDTHS}
        mlflow.set_experiment_tag(TAG, json.dumps({"name": NAME, "createdAt": 0, "state": json.dumps(state)}))


def address(server: str, experiment_id: str) -> str:
    """The view's page on `server`, such as "http://127.0.0.1:5000"."""
    return f"{server}/#/experiments/{experiment_id}/runs?workflowType=machine_learning&viewStateShareKey={NAME}"
