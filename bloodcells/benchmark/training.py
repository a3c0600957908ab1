"""Steps a second of training, beside a plain Keras fit of the same model."""

from bloodcells.benchmark.configs import composed
from bloodcells.benchmark.group import Group
from bloodcells.benchmark.process import Tell, apart
from bloodcells.config.schema import TrainConfig
from bloodcells.data.images import Images
from bloodcells.reporting.quiet_tensorflow import import_tensorflow

BACKBONES = {  # their overrides, and about how many seconds the first round and each later one take on four cores
    "smallcnn": (("backbone=smallcnn",), 30, 7),
    "mobilenetv2": (("backbone=mobilenetv2", "backbone.alpha=0.35", "backbone.weights=null"), 60, 13),
}
REFERENCE = "plain Keras, keras-cv"


def groups(images: Images, seed: int, rounds: int) -> list[Group]:
    """For each backbone: ours with our RandAugment and with keras-cv's, and plain Keras with keras-cv's."""
    found = []
    for backbone, (overrides, first, later) in BACKBONES.items():
        own = watchable(*overrides, f"seed={seed}", "augmentation=randaugment")
        kerascv = watchable(*overrides, f"seed={seed}", "augmentation=randaugment_kerascv")
        contenders = {
            "randaugment": apart(train, "ours", own, images, rounds),
            "randaugment_kerascv": apart(train, "ours", kerascv, images, rounds),
            REFERENCE: apart(train, "plain", kerascv, images, rounds),
        }
        found.append(Group(f"training {backbone}", contenders, REFERENCE, first, later))
    return found


def watchable(*overrides: str) -> TrainConfig:
    """A config whose training does not stop early."""
    return composed("training.fine_tuning.patience_epochs=null", *overrides)


def train(tell: Tell, way: str, config: TrainConfig, images: Images, rounds: int) -> None:
    """Trains in this process, ours or plain, an epoch a round and one before, and tells the figures of each."""
    import_tensorflow()
    from bloodcells.benchmark import fits

    {"ours": fits.ours, "plain": fits.plain}[way](tell, config, images, rounds + 1)
