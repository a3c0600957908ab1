"""Training images under the configured augmentation."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from bloodcells.augmentation.compose import Augmentation, name_of
from bloodcells.config.schema import AugmentationStep
from bloodcells.data.images import Images
from bloodcells.data.pipeline import TrainingBatches
from bloodcells.evaluation.figures.images import label_text
from bloodcells.inspection.chapter import Chapter
from bloodcells.reporting.sheet import Tile, sheet

SHOWN = 6  # images
EPOCHS = 7  # versions of each
DRAWN = 32  # images in the pipeline: those shown, and others to mix them with


def augmented_images(training: Images, steps: Mapping[str, AugmentationStep], seed: int) -> Chapter:
    """Some training images, each next to its augmented versions in the first epochs; seed: of the training run."""
    heading, name = "Augmentation", name_of(steps)
    if name == "none":
        return Chapter(heading, ["augmentation=none: the model is trained on the unchanged images."])
    drawn = _drawn(training, seed)
    augmentation = Augmentation(steps, seed)
    pixels, labels = augmentation.training_set(drawn.pixels, drawn.one_hot)
    if blended := len(pixels) > len(drawn):
        half = min(SHOWN // 2, len(drawn))
        shown = [*range(half), *range(len(drawn), len(drawn) + half)]
    else:
        shown = [*range(min(SHOWN, len(drawn)))]
    augmented, mixed = versions(pixels, labels, steps, seed=seed)
    names, captioned = training.class_names, augmentation.mixes_labels
    tiles = []
    for index in shown:
        tiles.append(Tile(pixels[index]))
        for image, label in zip(augmented[:, index], mixed[:, index], strict=True):
            tiles.append(Tile(image, label_text(label, names) if captioned else ""))
    rows = ["blend of\n" * (index >= len(drawn)) + label_text(labels[index], names) for index in shown]
    heads = ["original", *(f"epoch {epoch + 1}" for epoch in range(EPOCHS))]
    text = [f"{name}: each row shows a training image and its versions in the first {EPOCHS} epochs."]
    if captioned:
        text.append("Captions give the class, or the mixed classes with their shares of the label.")
    if blended:
        text.append("The lower rows start with images that offline mixup blended before training.")
    if any(step.has_random_state for step in steps.values()):
        text.append("A step has random state: another inspection shows other versions.")
    else:
        text.append("The same seed gives the same versions.")
    return Chapter(
        heading, [" ".join(text), ("figures/augmented.png", sheet(tiles, 1 + EPOCHS, rows=rows, heads=heads))]
    )


def versions(
    pixels: np.ndarray, labels: np.ndarray, steps: Mapping[str, AugmentationStep], *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The augmented images and labels of each of the first epochs, in the order of `pixels`.

    pixels: uint8 (n, h, w, 3); labels: float32 (n, classes)
    Returns uint8 (epochs, n, h, w, 3) and float32 (epochs, n, classes).
    """
    count = len(pixels)
    tf.keras.utils.set_random_seed(seed)  # as training does, for keras-cv
    batches = TrainingBatches(pixels, labels, Augmentation(steps, seed), batch_size=count, seed=seed)
    # The pipeline shuffles. The same one without augmentation, with a label per image, reveals the order.
    unchanged = Augmentation({}, seed)
    numbered = TrainingBatches(pixels, np.eye(count, dtype=np.float32), unchanged, batch_size=count, seed=seed)
    augmented, mixed = [], []
    for (images, classes), (_, numbers) in zip(_epochs(batches), _epochs(numbered), strict=True):
        order = np.argsort(numbers.argmax(axis=1))
        augmented.append(images[order])
        mixed.append(classes[order])
    return np.stack(augmented), np.stack(mixed)


def _epochs(batches: TrainingBatches) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(batches.from_epoch(0).take(EPOCHS).as_numpy_iterator())


def _drawn(training: Images, seed: int) -> Images:
    """Random images, starting with one of each class."""
    order = np.random.default_rng([seed, 3]).permutation(len(training))
    _, firsts = np.unique(training.labels[order], return_index=True)
    chosen = order[np.concatenate([firsts, np.setdiff1d(np.arange(len(order)), firsts)])]
    return training.take(chosen[:DRAWN])
