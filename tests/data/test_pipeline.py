"""Batches: each image once an epoch, in an order and with an augmentation that follow from (seed, epoch, example)."""

import numpy as np

from bloodcells.augmentation.compose import steps
from bloodcells.config.schema import Augmentation, Color, FlipTranslate, MixUp
from bloodcells.data.pipeline import TrainingBatches

PIXELS = np.random.default_rng(0).integers(0, 256, (23, 8, 8, 3), dtype=np.uint8)
PIXELS[:, 0, 0, 0] = np.arange(23)  # tells which image it is
LABELS = np.eye(3, dtype=np.float32)[np.arange(23) % 3]
CHANGES = Augmentation(
    flip_translate=FlipTranslate(translate=0.2),
    color=Color(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.05),
    mixup=MixUp(alpha=0.2, offline=False),
)


def batches(augmentation: Augmentation | None = None, seed: int = 0, size: int = 5) -> TrainingBatches:
    return TrainingBatches(PIXELS, LABELS, steps(augmentation or Augmentation(), seed), size, seed)


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
        assert np.array_equal(images, PIXELS[order].astype(np.float32))
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


def test_two_seeds_differ() -> None:
    assert not same(epochs(batches(CHANGES, seed=0), 0, 1)[0], epochs(batches(CHANGES, seed=1), 0, 1)[0])


def test_an_image_is_changed_alike_whatever_batch_it_comes_in() -> None:
    alone = Augmentation(flip_translate=CHANGES.flip_translate, color=CHANGES.color)
    small, large = (epochs(batches(alone, size=size), 2, 1)[0] for size in (4, 23))
    assert np.array_equal(np.concatenate([images for images, _ in small]), large[0][0])


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
