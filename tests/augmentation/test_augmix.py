"""AugMix, compared with its algorithm step by step."""

import numpy as np

from bloodcells.augmentation.randaugment.apply import randaugment
from bloodcells.augmentation.randaugment.policy import Operation, Plan, sample
from bloodcells.augmentation.steps import AugMix

STEP = AugMix(chains=2, magnitude=0.5, magnitude_stddev=0.1)
PIXELS = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
UNIFORMS = np.random.default_rng(1).random((40, STEP.draws))


def test_it_blends_chains_and_the_image_as_published() -> None:
    changed, before = STEP.on_images(PIXELS, UNIFORMS), PIXELS.copy()
    assert np.array_equal(PIXELS, before)
    lengths_seen = set()
    for image, result, drawn in zip(PIXELS, changed, UNIFORMS, strict=True):
        share, exponential = drawn[0], -np.log(1 - drawn[-2:])
        mixed = np.zeros(image.shape)
        for k in range(2):
            length = int(drawn[1 + k] * 3) + 1
            lengths_seen.add(length)
            plan = sample(drawn[None, 3 + 12 * k : 15 + 12 * k], magnitude=0.5, magnitude_stddev=0.1, rate=1.0)
            plan = Plan(plan.operations[:, :length], plan.amounts[:, :length], plan.thresholds[:, :length])
            assert (plan.operations != Operation.NONE).all()
            mixed += exponential[k] / exponential.sum() * randaugment(image[None], plan)[0]
        assert np.abs(result - (share * image + (1 - share) * mixed)).max() <= 0.5 + 1e-6
    assert lengths_seen == {1, 2, 3}


def test_an_image_whose_own_weight_is_nearly_one_hardly_changes() -> None:
    uniforms = UNIFORMS.copy()
    uniforms[:, 0] = 0.999
    assert np.abs(STEP.on_images(PIXELS, uniforms).astype(int) - PIXELS).max() <= 1
