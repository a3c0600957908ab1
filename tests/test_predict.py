"""Predicting images without labels with a finished run."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bloodcells.config.errors import InputError
from bloodcells.config.names import Artifact
from bloodcells.data.synthetic import draw_cells
from bloodcells.evaluation.forecast import Forecast, Forecaster, fit
from bloodcells.predict import predict
from tests.conftest import KINDS, config_of

OTHER = draw_cells(220, 32, 5)


@pytest.fixture
def predicted(trained_run, tmp_path):
    """A function that predicts what is at `path` with the run, into the folder "out"."""

    def run(path, *overrides: str) -> pd.DataFrame:
        store = f"tracking.directory={trained_run.folder}/mlruns"
        settings = (f"run_id='{trained_run.run.id}'", f"data.path={path}", f"output={tmp_path}/out", store, *overrides)
        return predict(config_of("predict", *settings))

    return run


def test_images_of_an_archive_get_the_probabilities_that_the_run_stored(trained_run, tmp_path, predicted) -> None:
    """The run's own images: those of its test split have stored predictions."""
    with np.load(trained_run.folder / "cells.npz") as cells:
        np.savez(tmp_path / "unlabeled.npz", images=cells["images"])
        count = len(cells["images"])
    table = predicted(tmp_path / "unlabeled.npz").set_index("file")
    stored = trained_run.run.predictions()
    columns = [f"p({name})" for name in KINDS]
    assert table.loc[stored.examples, columns].to_numpy() == pytest.approx(stored.probabilities, abs=1e-5)
    assert table["confidence"].tolist() == table[columns].max(axis=1).tolist()
    assert (table["class"] == [KINDS[k] for k in table[columns].to_numpy().argmax(axis=1)]).all()
    written = pd.read_csv(tmp_path / "out" / "predictions.csv")
    assert list(written.columns) == ["file", "class", *columns, "confidence"]
    assert written["file"].tolist() == list(range(count))


def test_files_are_resized_and_broken_ones_skipped_with_the_forecast_of_the_rest(
    trained_run, tmp_path, predicted, caplog
) -> None:
    folder = tmp_path / "cells"
    folder.mkdir()
    names = [*(f"{number:02}.png" for number in range(24)), "=1+1.png"]
    for name, pixels in zip(names, OTHER.pixels, strict=False):
        Image.fromarray(pixels).resize((64, 64), Image.Resampling.NEAREST).save(folder / name)
    (folder / "99.png").write_text("no image")
    with caplog.at_level("INFO", "bloodcells"):
        table = predicted(folder)
    text = "\n".join(caplog.messages)
    assert sorted(table["file"]) == sorted(names)
    assert "'=1+1.png" in pd.read_csv(tmp_path / "out" / "predictions.csv")["file"].tolist()
    assert text.count("25 of 25 images resized from 64x64 to 32x32 pixels") == 1
    assert "99.png: cannot be read" in text
    assert f"25 images: {table['class'].mode()[0]} (" in text
    assert "; 1 skipped" in text
    forecast = fit(pd.read_csv(trained_run.run.file(Artifact.FORECAST), keep_default_na=False), len(KINDS))
    numbers = np.array([KINDS.index(name) for name in table["class"]])
    assert forecast(numbers, table["confidence"].to_numpy()).describe() in text


def test_one_image_has_no_forecast(tmp_path, predicted, caplog) -> None:
    Image.fromarray(OTHER.pixels[0]).save(tmp_path / "cell.png")
    with caplog.at_level("INFO", "bloodcells"):
        assert predicted(tmp_path / "cell.png")["file"].tolist() == ["cell.png"]
    assert "predicted  1 image: " in caplog.messages[-1]
    assert "forecast   none: it needs 20 images or more\n" in caplog.messages[-1]
    with pytest.raises(InputError, match=r"accuracy=0.9: there is no forecast, since it needs 20 images or more"):
        predicted(tmp_path / "cell.png", "accuracy=0.9")


def test_uncertain_answers_are_flagged_to_reach_an_accuracy(tmp_path, predicted, caplog) -> None:
    np.savez(tmp_path / "cells.npz", images=OTHER.pixels)
    with caplog.at_level("INFO", "bloodcells"):
        half = predicted(tmp_path / "cells.npz", "accuracy=0.1")["flagged"]
        more = predicted(tmp_path / "cells.npz", "accuracy=0.3")["flagged"]
    assert half.sum() < more.sum()
    assert (more | ~half).all()
    count = (~more).sum()
    assert (
        f"answered   {count} of {len(more)} images ({count / len(more):.0%}) at an expected accuracy of 0.3; "
        in (caplog.messages[-1])
    )
    html = (tmp_path / "out" / "predictions.html").read_text()
    assert f"The 96 least certain of {len(more)} images" in html
    assert html.count("data:image/png;base64,") == 1
    assert "A frame marks flagged answers." in html


def test_errors_write_nothing(tmp_path, predicted) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        predicted(tmp_path / "none")
    assert not (tmp_path / "out").exists()


def test_an_unreliable_forecast_flags_every_answer(tmp_path, predicted, caplog, monkeypatch) -> None:
    np.savez(tmp_path / "cells.npz", images=OTHER.pixels)
    monkeypatch.setattr(Forecaster, "__call__", lambda *_: Forecast(0.9, 0.8, 1.0, doubt="of a reason"))
    with caplog.at_level("INFO", "bloodcells"):
        assert predicted(tmp_path / "cells.npz", "accuracy=0.1")["flagged"].all()
    assert "answered   none, since the forecast is unreliable: all are flagged" in caplog.messages[-1]
