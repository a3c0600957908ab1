"""The page shows the versions that the training pipeline makes."""

import numpy as np

from bloodcells.augmentation.compose import Augmentation
from bloodcells.data.images import Images
from bloodcells.inspection.augmented import EPOCHS, SHOWN, augmented_images, versions
from tests.conftest import composed


def config(*overrides: str):
    return composed(*overrides).augmentation


def test_every_version_follows_from_seed_epoch_and_position(noise_images) -> None:
    images, chosen = noise_images(5), config("augmentation=[extended,randaugment]")
    augment = Augmentation(chosen, 7)
    made, mixed = versions(images.pixels, images.one_hot, chosen, seed=7)
    assert made.shape == (EPOCHS, 5, 32, 32, 3)
    for epoch in range(EPOCHS):
        rng = np.random.default_rng([7, 4, epoch])
        rng.permutation(5)
        assert np.array_equal(made[epoch], augment.images(images.pixels, rng.random((5, augment.draws))))
        assert np.array_equal(mixed[epoch], images.one_hot)
    assert not np.array_equal(made[0], made[1])


def test_label_holds_the_share_of_each_mixed_image() -> None:
    pixels = np.zeros((4, 32, 32, 3), np.uint8) + np.array([10, 70, 140, 210], np.uint8)[:, None, None, None]
    made, mixed = versions(pixels, np.eye(4, dtype=np.float32), config("augmentation=cutmix"), seed=0)
    for epoch in range(EPOCHS):
        for index in range(4):
            own = (made[epoch, index, :, :, 0] == pixels[index, 0, 0, 0]).mean()
            assert abs(mixed[epoch, index, index] - own) < 1e-6
    assert 0 < mixed[:, 0, 0].mean() < 1


def test_sheet_has_one_row_per_image_and_one_column_per_epoch(noise_images) -> None:
    images = noise_images(40)
    chapter = augmented_images(images, config("augmentation=[extended,mixup]"), 0)
    axes = chapter.files["figures/augmented.png"].axes[0]
    assert len(axes.images) == SHOWN * (1 + EPOCHS)
    firsts = [image.get_array() for image in axes.images[:: 1 + EPOCHS]]
    labels = [images.labels[[np.array_equal(first, own) for own in images.pixels].index(True)] for first in firsts]
    assert sorted(labels[:3]) == [0, 1, 2]
    assert any("%" in text.get_text() for text in axes.texts)


def test_images_blended_before_training_are_shown(noise_images) -> None:
    images = noise_images(40)
    chapter = augmented_images(images, config("augmentation=mixup", "augmentation.mixup.offline=true"), 0)
    rows = [text.get_text() for text in chapter.files["figures/augmented.png"].axes[0].texts]
    assert sum(row.startswith("blend of") for row in rows) == SHOWN // 2


def test_few_images_or_no_augmentation(noise_images) -> None:
    chosen = config("augmentation=flip_translate")
    two: Images = noise_images(2, 2)
    assert len(augmented_images(two, chosen, 0).files["figures/augmented.png"].axes[0].images) == 2 * (1 + EPOCHS)
    chapter = augmented_images(two, config("augmentation=none"), 0)
    assert (chapter.files, chapter.blocks[0][:18]) == ({}, "augmentation=none:")


def test_random_state_of_keras_cv_is_mentioned(noise_images, monkeypatch) -> None:
    def unchanged(pixels, labels, *_, seed):  # keras-cv takes seconds to start
        return np.stack([pixels] * EPOCHS), np.stack([labels] * EPOCHS)

    monkeypatch.setattr("bloodcells.inspection.augmented.versions", unchanged)
    chapter = augmented_images(noise_images(6), config("augmentation=randaugment_kerascv"), 0)
    assert "random state" in chapter.blocks[0]
    assert "same seed" not in chapter.blocks[0]
