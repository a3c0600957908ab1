"""Training batches: each image once per epoch, in an order and with an augmentation set by (seed, epoch, example)."""

import numpy as np
import pytest

from bloodcells.augmentation.batch_steps import MixUp
from bloodcells.augmentation.compose import Augmentation
from bloodcells.augmentation.steps import Color, FlipTranslate, RandAugmentKerasCV
from bloodcells.config.schema import AugmentationStep
from bloodcells.data.pipeline import TrainingBatches

PIXELS = np.random.default_rng(0).integers(0, 256, (23, 8, 8, 3), dtype=np.uint8)
PIXELS[:, 0, 0, 0] = np.arange(23)  # identifies the image
LABELS = np.eye(3, dtype=np.float32)[np.arange(23) % 3]
ON_IMAGES = {
    "flip_translate": FlipTranslate(translate=0.2),
    "color": Color(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.05),
}
STEPS = ON_IMAGES | {"mixup": MixUp(alpha=0.2, offline=False)}


def batches(steps: dict[str, AugmentationStep], seed: int = 0, size: int = 5, workers: int = 1) -> TrainingBatches:
    augmentation = Augmentation(steps, seed)
    return TrainingBatches(PIXELS, LABELS, augmentation, batch_size=size, seed=seed, workers=workers)


def epochs(source: TrainingBatches, first: int, count: int) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    iterator = source.from_epoch(first).as_numpy_iterator()
    return [[next(iterator) for _ in range(source.steps)] for _ in range(count)]


def test_every_epoch_has_every_image_once_with_its_label_in_a_new_order() -> None:
    source = batches({})
    assert (source.images_per_epoch, source.steps) == (23, 5)
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
        orders.append(tuple(order))
    assert len(set(orders)) == 3


def same(first, second) -> bool:
    return all(np.array_equal(a, b) for x, y in zip(first, second, strict=True) for a, b in zip(x, y, strict=True))


def test_starting_at_a_later_epoch_gives_the_same_batches() -> None:
    through = epochs(batches(STEPS), 0, 4)
    assert same(epochs(batches(STEPS), 3, 1)[0], through[3])
    assert not same(through[2], through[3])


@pytest.mark.parametrize("workers", [2, 4])
def test_the_number_of_workers_does_not_change_the_batches(workers) -> None:
    one = epochs(batches(STEPS), 1, 3)
    assert all(same(*pair) for pair in zip(one, epochs(batches(STEPS, workers=workers), 1, 3), strict=True))


def test_random_numbers_follow_from_the_position_of_an_image_in_the_set() -> None:
    seen = []

    class Spy(AugmentationStep):
        draws = 2

        def on_images(self, pixels: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
            seen.append((pixels[:, 0, 0, 0].astype(int), uniforms))
            return pixels

    epochs(batches({"spy": Spy()}, seed=3), 0, 2)
    images, uniforms = (np.concatenate(values)[23:46] for values in zip(*seen, strict=True))
    rng = np.random.default_rng([3, 4, 1])
    order, table = rng.permutation(23), rng.random((23, 2))
    assert np.array_equal(images, order)
    assert np.array_equal(uniforms, table[order])


def test_batches_do_not_depend_on_how_many_one_call_prepares(monkeypatch) -> None:
    results = []
    for images in (1, 11, 1000):
        monkeypatch.setattr("bloodcells.data.pipeline.VISIT", images)
        results.append(epochs(batches(STEPS), 1, 3))
    assert all(same(*pair) for other in results[1:] for pair in zip(results[0], other, strict=True))


def test_batches_depend_on_the_seed() -> None:
    assert not same(epochs(batches(STEPS, seed=0), 0, 1)[0], epochs(batches(STEPS, seed=1), 0, 1)[0])


def test_the_augmentation_of_an_image_does_not_depend_on_the_batch_size() -> None:
    small, large = (epochs(batches(ON_IMAGES, size=size), 2, 1)[0] for size in (4, 23))
    assert np.array_equal(np.concatenate([images for images, _ in small]), large[0][0])


def test_layers_run_between_the_steps_on_images_and_the_steps_on_batches() -> None:
    class Double(AugmentationStep):
        def on_batch(self, pixels, labels, uniforms):
            return pixels * np.uint8(2), labels

    class Triple(AugmentationStep):
        def layer(self, seed):
            def triple(images):
                assert images.shape[1:] == (8, 8, 3)
                return 3.0 * images - 0.4  # to be rounded, and clipped at 255

            return triple

    class Increment(AugmentationStep):
        def on_images(self, pixels, uniforms):
            return pixels + np.uint8(1)

    dark = np.minimum(PIXELS, 110)
    augmentation = Augmentation({"double": Double(), "triple": Triple(), "increment": Increment()}, 0)
    images, _ = TrainingBatches(dark, LABELS, augmentation, batch_size=23, seed=0).first()
    order = np.random.default_rng([0, 4, 0]).permutation(23)
    assert np.array_equal(images, np.minimum(3 * (dark[order].astype(int) + 1), 255).astype(np.uint8) * np.uint8(2))


def test_randaugment_of_keras_cv_changes_images_independently() -> None:
    step = RandAugmentKerasCV(augmentations_per_image=3, magnitude=0.5, magnitude_stddev=0.15, rate=1.0)
    pixels = np.tile(np.linspace(20, 230, 24).astype(np.uint8)[:, None, None], (12, 1, 24, 3))
    augmentation = Augmentation({"randaugment_kerascv": step}, 0)
    labels = np.eye(12, dtype=np.float32)
    images, _ = TrainingBatches(pixels, labels, augmentation, batch_size=12, seed=0, workers=2).first()
    assert (images.shape, images.dtype) == ((12, 24, 24, 3), np.uint8)
    assert len({image.tobytes() for image in images}) > 8


def test_first_is_the_first_batch_of_epoch_0() -> None:
    source = batches(STEPS)
    assert same([source.first()], epochs(source, 0, 1)[0][:1])


def test_devices_get_equal_parts_of_every_batch_and_each_epoch_leaves_out_other_images() -> None:
    source = TrainingBatches(PIXELS, LABELS, Augmentation({}, 0), batch_size=8, seed=0, devices=4)
    assert (source.images_per_epoch, source.steps) == (20, 3)
    absent = []
    for epoch in epochs(source, 0, 3):
        assert [len(images) for images, _ in epoch] == [8, 8, 4]
        present = {int(image[0, 0, 0]) for images, _ in epoch for image in images}
        assert len(present) == 20
        absent.append(frozenset(range(23)) - present)
    assert len(set(absent)) == 3
