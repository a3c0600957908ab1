"""Files for TensorBoard hold the learning curves."""

from pathlib import Path

import mlflow
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from bloodcells.config.errors import InputError
from bloodcells.training.epochs import Epoch
from bloodcells.training.tensorboard import tensorboard
from tests.conftest import composed


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Step and value of all points, by the part and the name of a curve, as TensorBoard reads them."""
    found = {}
    for part in folder.iterdir():
        events = EventAccumulator(str(part))
        events.Reload()
        for name in events.Tags()["tensors"]:
            points = [(event.step, float(make_ndarray(event.tensor_proto))) for event in events.Tensors(name)]
            found[f"{part.name}/{name}"] = points
    return found


def test_each_epoch_is_a_point_of_every_curve_and_can_be_read_at_once(tmp_path) -> None:
    with tensorboard(tmp_path / "run 1") as write:
        for epoch, value in ((1, 0.25), (2, 0.5)):
            write(Epoch(epoch, "a", "b", value, value + 1, value + 2, value + 3, value + 4, value + 5, value + 6, 1, 9))
            assert {len(points) for points in curves(tmp_path / "run 1").values()} == {epoch}
    assert curves(tmp_path / "run 1") == {
        "train/epoch_loss": [(1, 0.25), (2, 0.5)],
        "train/epoch_accuracy": [(1, 1.25), (2, 1.5)],
        "train/epoch_learning_rate": [(1, 6.25), (2, 6.5)],
        "validation/epoch_loss": [(1, 2.25), (2, 2.5)],
        "validation/epoch_accuracy": [(1, 3.25), (2, 3.5)],
        "validation/epoch_composed_loss": [(1, 4.25), (2, 4.5)],
        "validation/epoch_composed_accuracy": [(1, 5.25), (2, 5.5)],
    }


def test_folder_that_cannot_be_written_is_one_line(tmp_path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(InputError, match=r"tracking\.tensorboard=true: cannot write to"),
        tensorboard(tmp_path / "file"),
    ):
        pass


def test_a_run_with_tensorboard_says_where_its_curves_are(tiny_run, tmp_path, caplog) -> None:
    caplog.set_level("INFO", "bloodcells")
    run = tiny_run("tracking.tensorboard=true")
    assert f"tensorboard --logdir {tmp_path}/mlruns/tensorboard" in caplog.text
    (folder,) = (tmp_path / "mlruns/tensorboard").iterdir()
    assert folder.name.endswith(f" {run.info.run_id[:8]}")
    logged = mlflow.MlflowClient().get_metric_history(run.info.run_id, "all_epochs/val_composed_accuracy")
    steps, values = zip(*curves(folder)["validation/epoch_composed_accuracy"], strict=True)
    assert list(steps) == [each.step for each in logged]
    assert values == pytest.approx([each.value for each in logged], rel=1e-6)  # TensorBoard stores float32


def test_missing_package_is_one_line(monkeypatch) -> None:
    monkeypatch.setattr("bloodcells.config.schema.tracking.find_spec", lambda _: None)
    composed("tracking.tensorboard=false")
    with pytest.raises(
        InputError, match=r"TensorBoard is not installed; install the extra: pip install '.\[tensorboard\]'"
    ):
        composed("tracking.tensorboard=true")
