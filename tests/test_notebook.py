"""The notebook runs from top to bottom in a fresh kernel, and its cells show what they claim."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from bloodcells import compose, load_run
from bloodcells.config.checkout import CHECKOUT
from bloodcells.data.synthetic import draw_cells
from bloodcells.tracking.store import store_of

NOTEBOOK = CHECKOUT / "experiments" / "notebooks" / "first_comparison.ipynb"


FEWER = {"feature_extraction.epochs=12": "feature_extraction.epochs=3", "fine_tuning.epochs=2": "fine_tuning.epochs=1"}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    """The folder of an empty store, made here because the kernel does not have tests/shortcuts.py."""
    folder = tmp_path_factory.mktemp("store")
    store_of(compose(f"tracking.directory={folder}").tracking).open()
    return folder


@pytest.fixture(scope="module")
def outputs(store):
    """The outputs of each cell by its id, executed with a store of the test's own and fewer epochs."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (parameters,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    for before, after in {"tracking.directory=mlruns": f"tracking.directory={store}", **FEWER}.items():
        assert before in parameters.source
        parameters.source = parameters.source.replace(before, after)
    folder = {"metadata": {"path": str(NOTEBOOK.parent)}}
    client = NotebookClient(notebook, kernel_name="python3", resources=folder)
    client.execute(env={**os.environ, "PYTHONPATH": str(CHECKOUT)})
    return {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}


def text(outputs) -> str:
    """What a cell prints."""
    return "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")


def displayed(outputs, kind: str) -> list[str]:
    """What a cell displays, as one kind of content."""
    return [output.data[kind] for output in outputs if kind in output.get("data", {})]


def rows(outputs) -> dict[str, list[str]]:
    """The rows of the table that a cell displays, by the text of their first column."""
    (html,) = displayed(outputs, "text/html")
    cells = [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in html.split("<tbody>")[1].split("</tr>")]
    return {first: others for first, *others in filter(None, cells)}


def test_it_is_stored_without_outputs() -> None:
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_it_prints_no_warnings_or_errors(outputs) -> None:
    errors = [
        output.text
        for cell in outputs.values()
        for output in cell
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert errors == []


def test_data_are_described_and_shown(outputs) -> None:
    assert re.match(r"synthetic cells, seed 0: \d+ images of 8 classes, 32 x 32 pixels", text(outputs["data"]))
    assert len(displayed(outputs["data"], "image/png")) == 1


def test_training_shows_its_progress(outputs) -> None:
    lines = text(outputs["train"]).splitlines()
    assert sum(line.startswith("epoch 1/4: loss ") for line in lines) == 2
    assert sum(line.startswith("test ") for line in lines) == 2


def test_the_table_has_the_numbers_of_the_stored_runs(outputs, store) -> None:
    table = rows(outputs["compare"])
    assert list(table) == ["none", "flip_translate"]
    for name, (run_id, *numbers) in table.items():
        run = load_run(run_id, f"tracking.directory={store}")
        assert list(run.config.augmentation) == ([] if name == "none" else [name])
        test = run.predictions.of("test")
        expected = [run.metrics[f"test/{key}"] for key in ("accuracy", "accuracy_low", "accuracy_high", "macro_f1")]
        expected.append(run.history["val_accuracy"][run.metrics["best/epoch"] - 1])
        assert [float(number) for number in numbers] == pytest.approx(expected, abs=1e-6)
        assert expected[0] == pytest.approx((test.predicted == test.labels).mean())
        assert f"only {len(test.labels)} images" in NOTEBOOK.read_text()


def test_curves_and_confusion_matrix_are_drawn(outputs) -> None:
    for cell in ("curves", "confusion"):
        assert len(displayed(outputs[cell], "image/png")) == 1


def test_new_images_are_predicted_by_the_trained_model(outputs, store) -> None:
    share, count = re.match(r"(0\.\d+) of (\d+) new images", text(outputs["predict"])).groups()
    new = draw_cells(800, 32, 1)
    run = load_run(rows(outputs["compare"])["flip_translate"][0], f"tracking.directory={store}")
    correct = run.model.predict(new.pixels, verbose=0).argmax(axis=1) == new.labels
    assert (float(share), int(count)) == (pytest.approx(correct.mean(), abs=5e-4), len(new))
    assert correct.mean() > 0.3  # eight classes, the largest has 24% of the images
    assert run.config.data == compose("data.images=800", "data.image_size=32").data


def test_a_stored_run_is_loaded(outputs) -> None:
    (result,) = displayed(outputs["later"], "text/plain")
    assert f"Result(run_id='{rows(outputs['compare'])['flip_translate'][0]}'" in result
