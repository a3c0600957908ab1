"""The whole program on few images: the page, the run in MLflow, and errors before the run starts."""

import re
from pathlib import Path

import mlflow
import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.names import Program, Tag
from bloodcells.config.schema import InspectConfig
from bloodcells.data.clean import clean
from bloodcells.data.split import split
from bloodcells.inspect import inspect
from bloodcells.inspection.chapter import Chapter
from bloodcells.inspection.copies import find_copies
from bloodcells.tracking.find import search
from tests.conftest import config_of

EMPTY = Chapter("Empty", [])
SMALL = ("data.images=200", "data.image_size=32", "augmentation=flip_translate")


def configured(tmp_path, *overrides: str):
    place = (f"tracking.directory={tmp_path}/mlruns", f"output={tmp_path}/page.html")
    return config_of("inspect", *SMALL, *place, *overrides)


def test_page_is_written_and_stored_and_the_same_seed_repeats_it(tmp_path, caplog) -> None:
    config = configured(tmp_path)
    inspect(config)
    page = (tmp_path / "page.html").read_text()
    (run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert_complete(page, config)
    assert_stored(run, config, tmp_path)

    other = tmp_path / "other"
    other.mkdir()
    with caplog.at_level("INFO", "bloodcells"):
        inspect(config_of("inspect", *SMALL, "tracking=off", f"output={other}/page.html"))
    assert [file.name for file in other.iterdir()] == ["page.html"]
    assert (other / "page.html").read_text() == page
    assert f"{other}/page.html" in caplog.messages[-1]


def assert_complete(page: str, config: InspectConfig) -> None:
    """The page has every chapter, with the numbers of the data."""
    assert re.findall(r'<h2 id="section\d">([^<]*)</h2>', page) == [
        "Classes",
        "Brightness in data order",
        "Class sizes",
        "Outliers and exact copies",
        "Near copies and leakage",
        "Brightness and color by class",
        "Augmentation",
    ]
    assert page.count("data:image/png") == 6  # so few images have no near copies
    images = config.data.load()
    cleaned = clean(images, config.data.clean)
    for text in (images.describe(), cleaned.describe(), split(cleaned, config.data.split).describe()):
        assert text in page
    (outliers,) = (copies for copies in find_copies(images, 5) if copies.kind == "outlier")
    assert f"The {len(outliers.indices)} outliers are copies of one image" in page
    sizes = dict(zip(cleaned.images.class_names, cleaned.images.class_counts, strict=True))
    for name, before in zip(images.class_names, images.class_counts, strict=True):
        row = [name, before, before - sizes[name], sizes[name]]
        assert re.search(r"\s*".join(rf"<td[^>]*>{value}</td>" for value in row), page), name
    assert "flip_translate: each row shows a training image" in page


def assert_stored(run: mlflow.entities.Run, config: InspectConfig, tmp_path: Path) -> None:
    """The run has its name, tags and params, and all figures and tables."""
    assert (run.info.status, run.info.run_name) == ("FINISHED", "inspection of synthetic cells, seed 0")
    assert run.data.tags[Tag.PROGRAM] == Program.INSPECT
    assert run.data.tags[Tag.DATA] == config.data.load().sha256
    assert run.inputs.dataset_inputs[0].dataset.name == "synthetic cells, seed 0"
    assert run.data.params["augmentation"] == "flip_translate"
    folder = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, dst_path=str(tmp_path))
    names = {str(file.relative_to(folder)) for file in tmp_path.joinpath(folder).rglob("*.*")}
    figures = {f"figures/{name}.png" for name in ("samples", "classes", "copies", "augmented")}
    figures |= {"figures/brightness_in_order.png", "figures/brightness_by_class.png"}
    assert names >= figures | {"inspection.html", "copies.csv", "leaks.csv", "data/removed.csv", "config.yaml"}
    assert search(config.tracking) == []  # it is not a training run


def test_random_chapters_use_the_seed(tmp_path, monkeypatch) -> None:
    seeds = {}
    monkeypatch.setattr(
        "bloodcells.inspection.classes.samples", lambda images, seed: seeds.update(samples=seed) or EMPTY
    )
    monkeypatch.setattr(
        "bloodcells.inspection.augmented.augmented_images",
        lambda images, steps, seed: seeds.update(augmented=seed) or EMPTY,
    )
    inspect(config_of("inspect", *SMALL, "tracking=off", f"output={tmp_path}/page.html", "seed=7"))
    assert seeds == {"samples": 7, "augmented": 7}


def test_output_that_cannot_be_written_is_reported_before_any_work(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(
        "bloodcells.data.sources.SyntheticData.load", lambda self: pytest.fail("the data were loaded first")
    )
    for output in (tmp_path, tmp_path / "none" / "page.html"):
        with pytest.raises(InputError, match=r"^output="):
            inspect(configured(tmp_path, f"output={output}"))
    assert list(tmp_path.iterdir()) == []


def test_failed_inspection_leaves_no_page_and_a_failed_run(tmp_path, monkeypatch) -> None:
    def broken(*arguments) -> None:
        raise RuntimeError("no figure")

    monkeypatch.setattr("bloodcells.inspection.classes.samples", broken)
    with pytest.raises(RuntimeError, match="no figure"):
        inspect(configured(tmp_path))
    (run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert run.info.status == "FAILED"
    assert not (tmp_path / "page.html").exists()
