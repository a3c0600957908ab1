"""Batches: each image once an epoch, in an order and with an augmentation that follow from (seed, epoch, example)."""

import numpy as np
import pytest

from bloodcells.augmentation.compose import Steps, steps
from bloodcells.config.schema import Augmentation, Color, FlipTranslate, MixUp, RandAugment
from bloodcells.data.pipeline import TrainingBatches

PIXELS = np.random.default_rng(0).integers(0, 256, (23, 8, 8, 3), dtype=np.uint8)
PIXELS[:, 0, 0, 0] = np.arange(23)  # tells which image it is
LABELS = np.eye(3, dtype=np.float32)[np.arange(23) % 3]
CHANGES = Augmentation(
    flip_translate=FlipTranslate(translate=0.2),
    color=Color(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.05),
    mixup=MixUp(alpha=0.2, offline=False),
)


def batches(
    augmentation: Augmentation | None = None, seed: int = 0, size: int = 5, workers: int = 1
) -> TrainingBatches:
    return TrainingBatches(PIXELS, LABELS, steps(augmentation or Augmentation(), seed), size, seed, workers)


def epochs(source: TrainingBatches, first: int, count: int) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    iterator = source.from_epoch(first).as_numpy_iterator()
    return [[next(iterator) for _ in range(source.steps)] for _ in range(count)]


def test_every_image_comes_once_an_epoch_with_its_label() -> None:
    source = batches()
    assert (len(source), source.steps) == (23, 5)
    orders = []
    for epoch in epochs(source, 0, 3):
        images = np.concatenate([images for images, _ in epoch])
        labels = np.concatenate([labels for _, labels in epoch])
        order = images[:, 0, 0, 0].astype(int)
        assert sorted(order) == list(range(23))
        assert images.dtype == np.uint8
        assert np.array_equal(images, PIXELS[order])
        assert np.array_equal(labels, LABELS[order])
        assert [len(images) for images, _ in epoch] == [5, 5, 5, 5, 3]
        orders.append(order.tolist())
    assert orders[0] != orders[1] != orders[2]


def same(first, second) -> bool:
    return all(np.array_equal(a, b) for x, y in zip(first, second, strict=True) for a, b in zip(x, y, strict=True))


def test_a_later_epoch_asked_for_by_itself_is_the_one_that_would_have_come() -> None:
    through = epochs(batches(CHANGES), 0, 4)
    assert same(epochs(batches(CHANGES), 3, 1)[0], through[3])
    assert not same(through[2], through[3])


@pytest.mark.parametrize("workers", [2, 4])
def test_the_number_of_threads_changes_nothing(workers) -> None:
    one = epochs(batches(CHANGES), 1, 3)
    assert all(same(*pair) for pair in zip(one, epochs(batches(CHANGES, workers=workers), 1, 3), strict=True))


def test_an_image_gets_the_row_of_the_epochs_table_that_its_place_in_the_set_has() -> None:
    seen = []

    def step(pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        seen.append((pixels[:, 0, 0, 0].astype(int), uniforms))
        return pixels

    source = TrainingBatches(PIXELS, LABELS, Steps(((2, step),)), 5, 3)
    epochs(source, 0, 2)
    rng = np.random.default_rng([3, 4, 1])
    order, table = rng.permutation(23), rng.random((23, 2))
    for start, (images, uniforms) in zip(range(0, 23, 5), seen[5:10], strict=True):
        assert np.array_equal(images, order[start : start + 5])
        assert np.array_equal(uniforms, table[images])


def test_two_seeds_differ() -> None:
    assert not same(epochs(batches(CHANGES, seed=0), 0, 1)[0], epochs(batches(CHANGES, seed=1), 0, 1)[0])


def test_an_image_is_changed_alike_whatever_batch_it_comes_in() -> None:
    alone = Augmentation(flip_translate=CHANGES.flip_translate, color=CHANGES.color)
    small, large = (epochs(batches(alone, size=size), 2, 1)[0] for size in (4, 23))
    assert np.array_equal(np.concatenate([images for images, _ in small]), large[0][0])


def test_keras_cvs_layer_works_between_the_steps_on_images_and_on_batches() -> None:
    def images(pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        return pixels + np.uint8(1)

    def twice(pixels: np.ndarray, labels: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return pixels * np.uint8(2), labels

    def layer(images):
        assert images.shape[1:] == (8, 8, 3)
        return 3.0 * images - 0.4  # between two values, and beyond the largest

    dark = np.minimum(PIXELS, 110)
    found, _ = TrainingBatches(dark, LABELS, Steps(((0, images),), layer, ((0, twice),)), 23, 0).first()
    order = np.random.default_rng([0, 4, 0]).permutation(23)
    assert np.array_equal(found, np.minimum(3 * (dark[order].astype(int) + 1), 255).astype(np.uint8) * np.uint8(2))


def test_keras_cvs_randaugment_changes_every_image_in_its_own_way() -> None:
    policy = RandAugment(augmentations_per_image=3, magnitude=0.5, magnitude_stddev=0.15, rate=1.0)
    pixels = np.tile(np.linspace(20, 230, 24).astype(np.uint8)[:, None, None], (12, 1, 24, 3))
    augment = steps(Augmentation(randaugment_kerascv=policy), 0)
    images, _ = TrainingBatches(pixels, np.eye(12, dtype=np.float32), augment, 12, 0, workers=2).first()
    assert (images.shape, images.dtype) == ((12, 24, 24, 3), np.uint8)
    assert len({image.tobytes() for image in images}) > 8


def test_the_first_batch_is_the_first_of_epoch_0() -> None:
    source = batches(CHANGES)
    assert same([source.first()], epochs(source, 0, 1)[0][:1])


def test_several_devices_get_equal_parts_of_every_batch_and_others_sit_out_each_epoch() -> None:
    source = TrainingBatches(PIXELS, LABELS, steps(Augmentation(), 0), 8, 0, devices=4)
    assert (len(source), source.steps) == (20, 3)
    absent = []
    for epoch in epochs(source, 0, 3):
        assert [len(images) for images, _ in epoch] == [8, 8, 4]
        present = {int(image[0, 0, 0]) for images, _ in epoch for image in images}
        assert len(present) == 20
        absent.append(set(range(23)) - present)
    assert absent[0] != absent[1] != absent[2]
