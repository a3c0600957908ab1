"""RandAugment in other libraries, as an input pipeline would use them: endless batches for experiments.benchmark."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from bloodcells.augmentation.steps import RandAugmentKerasCV
from bloodcells.config.schema import TrainConfig

Baseline: TypeAlias = Callable[[np.ndarray, np.ndarray, TrainConfig], tf.data.Dataset]


def baselines() -> dict[str, Baseline]:
    """By name, functions of pixels, uint8 (n, h, w, 3), labels, float32 (n, classes), and a run's config.

    Each returns endless batches. They draw as many operations per image from about the same ten as keras-cv's
    RandAugment: contrast, brightness, saturation, auto-contrast, equalize, solarize, shears and translations. Keras's
    own adds rotation, sharpness and posterize. Albumentations is left out, with a message, if it is not installed.
    """
    found: dict[str, Baseline] = {"keras-cv, one image per call": keras_cv_by_image, "Keras": keras, "Pillow": pillow}
    if find_spec("albumentations"):
        return found | {"Albumentations": albumentations}
    print("Albumentations is left out: it is not installed; pip install albumentations==2.0.8")
    return found


def keras_cv(
    pixels: np.ndarray, labels: np.ndarray, config: TrainConfig, *, epochs: int | None = None
) -> tf.data.Dataset:
    """keras-cv's layer as its guide uses it: mapped over batches, with AUTOTUNE. epochs: None for endless batches.

    https://github.com/keras-team/keras-io/blob/master/guides/keras_cv/cut_mix_mix_up_and_rand_augment.py
    """
    layer = _keras_cv_layer(config)
    batches = _shuffled(pixels, labels, config, epochs).batch(config.training.batch_size)
    return _mapped(batches, layer).prefetch(tf.data.AUTOTUNE)


def keras_cv_by_image(pixels: np.ndarray, labels: np.ndarray, config: TrainConfig) -> tf.data.Dataset:
    """keras-cv's layer mapped over images before they are batched.

    It then runs without tf.vectorized_map, which falls back to slow loops for operations that it cannot convert.
    """
    return _batched(_mapped(_shuffled(pixels, labels, config), _keras_cv_layer(config)), config)


def keras(pixels: np.ndarray, labels: np.ndarray, config: TrainConfig) -> tf.data.Dataset:
    """keras.layers.RandAugment, mapped over batches. It draws the same operations for all images of a batch.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/rand_augment
    """
    from keras import layers

    policy = _policy(config)
    layer = layers.RandAugment(num_ops=policy.augmentations_per_image, factor=policy.magnitude, seed=config.seed)
    batches = _shuffled(pixels, labels, config).batch(config.training.batch_size)
    return _mapped(batches, layer).prefetch(tf.data.AUTOTUNE)


def pillow(pixels: np.ndarray, labels: np.ndarray, config: TrainConfig) -> tf.data.Dataset:
    """Pillow's operations, one image at a time, chosen as in the published code of RandAugment.

    https://pillow.readthedocs.io/en/stable/reference/ImageEnhance.html
    """
    policy, rng = _policy(config), np.random.default_rng(config.seed)

    def augment(image: np.ndarray) -> np.ndarray:
        picture = Image.fromarray(image)
        for number in rng.integers(len(PILLOW), size=policy.augmentations_per_image):
            picture = PILLOW[number](picture, policy.magnitude * rng.choice([-1, 1]))
        return np.asarray(picture)

    return _python(pixels, labels, config, augment)


def albumentations(pixels: np.ndarray, labels: np.ndarray, config: TrainConfig) -> tf.data.Dataset:
    """Operations of Albumentations, one image at a time.

    https://albumentations.ai/docs/integrations/tensorflow
    """
    import albumentations as library

    policy = _policy(config)
    m = policy.magnitude
    operations = [
        library.AutoContrast(p=1),
        library.Equalize(p=1),
        library.Solarize(threshold_range=(1 - m, 1), p=1),
        library.ColorJitter(brightness=0, contrast=0, saturation=(1 - m, 1 + m), hue=0, p=1),
        library.RandomBrightnessContrast(brightness_limit=0, contrast_limit=m, p=1),
        library.RandomBrightnessContrast(brightness_limit=m, contrast_limit=0, p=1),
        library.Affine(shear={"x": (-20 * m, 20 * m), "y": 0}, p=1),
        library.Affine(shear={"x": 0, "y": (-20 * m, 20 * m)}, p=1),
        library.Affine(translate_percent={"x": (-m / 3, m / 3), "y": 0}, p=1),
        library.Affine(translate_percent={"x": 0, "y": (-m / 3, m / 3)}, p=1),
    ]
    some = library.SomeOf(operations, n=policy.augmentations_per_image, replace=True, p=1)
    return _python(pixels, labels, config, lambda image: some(image=image)["image"])


PILLOW: tuple[Callable[[Image.Image, float], Image.Image], ...] = (
    lambda image, _: ImageOps.autocontrast(image),
    lambda image, _: ImageOps.equalize(image),
    lambda image, amount: ImageOps.solarize(image, round(256 * (1 - abs(amount)))),
    lambda image, amount: ImageEnhance.Color(image).enhance(1 + amount),
    lambda image, amount: ImageEnhance.Contrast(image).enhance(1 + amount),
    lambda image, amount: ImageEnhance.Brightness(image).enhance(1 + amount),
    lambda image, amount: _affine(image, (1, amount / 3, 0, 0, 1, 0)),
    lambda image, amount: _affine(image, (1, 0, 0, amount / 3, 1, 0)),
    lambda image, amount: _affine(image, (1, 0, amount / 3 * image.width, 0, 1, 0)),
    lambda image, amount: _affine(image, (1, 0, 0, 0, 1, amount / 3 * image.height)),
)


def _affine(image: Image.Image, matrix: tuple[float, ...]) -> Image.Image:
    return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def _policy(config: TrainConfig) -> RandAugmentKerasCV:
    policy = config.augmentation["randaugment_kerascv"]
    assert isinstance(policy, RandAugmentKerasCV)
    return policy


def _keras_cv_layer(config: TrainConfig) -> Callable[[Any], Any]:
    import keras_cv

    policy = _policy(config)
    layer: Callable[[Any], Any] = keras_cv.layers.RandAugment(
        value_range=(0, 255),
        augmentations_per_image=policy.augmentations_per_image,
        magnitude=policy.magnitude,
        magnitude_stddev=policy.magnitude_stddev,
        rate=policy.rate,
    )
    return layer


def _shuffled(
    pixels: np.ndarray, labels: np.ndarray, config: TrainConfig, epochs: int | None = None
) -> tf.data.Dataset:
    images = tf.data.Dataset.from_tensor_slices((pixels, labels))
    return images.shuffle(len(pixels), seed=config.seed).repeat(epochs)


def _mapped(dataset: tf.data.Dataset, layer: Callable[[Any], Any]) -> tf.data.Dataset:
    return dataset.map(lambda pixels, labels: (layer(pixels), labels), num_parallel_calls=tf.data.AUTOTUNE)


def _batched(images: tf.data.Dataset, config: TrainConfig) -> tf.data.Dataset:
    return images.batch(config.training.batch_size).prefetch(tf.data.AUTOTUNE)


def _python(
    pixels: np.ndarray, labels: np.ndarray, config: TrainConfig, augment: Callable[[np.ndarray], np.ndarray]
) -> tf.data.Dataset:
    """Batches of images that a function of Python changes one by one."""

    def changed(image: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(tf.numpy_function(augment, [image], tf.uint8), image.shape)

    return _batched(_mapped(_shuffled(pixels, labels, config), changed), config)
