"""The card of a model: what it says about a run whose results are known."""

from bloodcells.deployment.card import model_card
from bloodcells.tracking.ensemble import Ensemble


def test_card_has_classes_input_accuracy_and_origin(trained_run) -> None:
    run = trained_run.run
    card = model_card(run, size=(32, 48), use="load(1)(images)")
    names = run.predictions().class_names
    assert card.class_names == names
    lines = card.text.splitlines()
    assert [line for line in lines if line.startswith(f"| {len(names) - 1} |")] == [
        f"| {len(names) - 1} | {names[-1]} |"
    ]
    assert f"run {run.id}, commit " in card.text
    assert run.tags["sha256.data"] in card.text
    assert "float32 (n, 32, 48, 3)" in card.text
    assert "    load(1)(images)" in lines
    assert "rotations" not in card.text
    metrics, test = run.metrics, run.predictions().of("test")
    assert f"| {len(test.labels)} test images | {metrics['test/accuracy']:.3f} (" in card.text
    assert f"under mild chains of distortions | {metrics['composed/mild_accuracy']:.3f} (" in card.text
    assert f"under heavy chains of distortions | {metrics['composed/accuracy']:.3f} (" in card.text


def test_card_of_a_mean_has_the_accuracy_of_the_mean_only(trained_run) -> None:
    run = trained_run.run
    card = model_card(Ensemble(run.mlflow_run, (run, run)), size=(32, 32), use="f(x)", labels=True, averaged=True)
    assert f"run {run.id}, {run.id}, commit" in card.text
    assert "chains of distortions |" not in card.text
    assert "Output: the label of each image, int64 (n,), counted from 0" in card.text
    assert "the mean over the eight rotations and reflections" in card.text
