"""Progressive resizing: which epochs see images of which size, and what that requires of a config."""

import numpy as np
import pytest
from PIL import Image

from bloodcells.augmentation.compose import Augmentation
from bloodcells.config.errors import InputError
from bloodcells.data.pipeline import TrainingBatches
from bloodcells.model.backbones import SmallCNN
from bloodcells.training.plan import check_resolution, plan
from tests.conftest import composed
from tests.training import test_resume
from tests.training.test_resume import KeepsAll, StateFile, same, trained

small_backbone = test_resume.small_backbone
EPOCHS = ("training.feature_extraction.epochs=3", "training.fine_tuning.epochs=5")


def test_sides_share_the_epochs_of_each_stage() -> None:
    sides = [stage.sides for stage in plan(composed(*EPOCHS, "training.resolution=[32,64,96]"))]
    assert sides == [(32, 64, 96), (32, 32, 64, 64, 96)]
    sides = [stage.sides for stage in plan(composed(*EPOCHS, "training.resolution=[64,96]", "unfreeze=[10,all]"))]
    assert sides == [(64, 64, 96), (64, 64, 96), (64, 96)]
    assert [stage.sides for stage in plan(composed(*EPOCHS))] == [(), ()]


def test_early_stopping_waits_for_the_last_side() -> None:
    overrides = (*EPOCHS, "schedule@training.fine_tuning.schedule=constant")
    _, resized = plan(composed(*overrides, "training.resolution=[32,64,96]"))
    assert [resized.may_stop_after(epoch) for epoch in range(1, 6)] == [False, False, False, False, True]
    _, plain = plan(composed(*overrides))
    assert all(plain.may_stop_after(epoch) for epoch in range(1, 6))


@pytest.mark.parametrize(
    ("overrides", "part"),
    [
        (["training.resolution=[]"], r"\[\]: expected one or more sides"),
        (["training.resolution=[16,96]"], r"\[16, 96\]: smallcnn needs 32 pixels per side or more"),
        (["training.resolution=[32,48,64,80]"], r"4 sides, but a stage has 3 epochs; expected at least one for each"),
        (["training.resolution=[64,96]", "backbone.input_size=96"], "input_size=96 resizes every image"),
    ],
)
def test_a_resolution_that_cannot_be_trained_is_refused(overrides, part) -> None:
    with pytest.raises(InputError, match=rf"^training\.resolution=.*{part}"):
        plan(composed(*EPOCHS, *overrides))


def test_sides_larger_than_the_images_are_refused() -> None:
    check_resolution([64, 96], (96, 120))
    check_resolution(None, (96, 96))
    with pytest.raises(InputError, match=r"\[64, 97\]: images of 120x96 pixels; expected at most 96"):
        check_resolution([64, 97], (96, 120))


def test_batches_are_resized_as_pillow_does_and_the_last_side_stays() -> None:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (6, 6, 10, 3), dtype=np.uint8)
    pixels = np.stack([np.asarray(Image.fromarray(image).resize((40, 24))) for image in coarse])
    source = TrainingBatches(pixels, np.eye(6, dtype=np.float32), Augmentation({}, 0), batch_size=4, seed=0)
    plain = [images for images, _ in source.from_epoch(1).take(8).as_numpy_iterator()]
    resized = [images for images, _ in source.from_epoch(1, [12, 18, 24]).take(8).as_numpy_iterator()]
    sizes = [images.shape[:3] for images in resized]
    assert sizes == [(4, 12, 20), (2, 12, 20), (4, 18, 30), (2, 18, 30), *[(4, 24, 40), (2, 24, 40)] * 2]
    assert all(np.array_equal(*pair) for pair in zip(plain[4:], resized[4:], strict=True))
    for before, after in zip(plain[:4], resized[:4], strict=True):
        for image, small in zip(before, after, strict=True):
            size = small.shape[1::-1]
            expected = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
            assert np.abs(small.astype(int) - expected).max() <= 1


@pytest.mark.usefixtures("small_backbone")
def test_resizing_and_averaged_weights_resume(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(SmallCNN, "smallest_size", 8)
    overrides = ["training.resolution=[16,32]", "training.ema_momentum=0.9", "optimizer=adamw"]
    overrides += [f"training.{phase}.epochs=2" for phase in ("feature_extraction", "fine_tuning")]
    uninterrupted = trained(overrides, KeepsAll(tmp_path / "state.npz", {}))
    for epoch in (1, 3):
        assert same(trained(overrides, StateFile(tmp_path / f"{epoch}.npz", {}), build_seed=epoch), uninterrupted)
    assert not same(trained([*overrides, "training.resolution=null"], None), uninterrupted)
