"""What it costs to get the same bits: fewer threads on a processor, deterministic operations on a GPU."""

import os

from bloodcells.benchmark.group import Group
from bloodcells.benchmark.process import Tell, apart
from bloodcells.benchmark.training import train, watchable
from bloodcells.config.schema import TrainConfig
from bloodcells.data.images import Images


def groups(cores: int, gpu: bool, images: Images, seed: int, rounds: int) -> list[Group]:
    """Training smallcnn by one thread, two and one a core; with a GPU also on it, deterministic and not.

    cores: the processor's
    """

    def config(*overrides: str) -> TrainConfig:
        return watchable("augmentation=randaugment", f"seed={seed}", *overrides)

    threads = {
        f"threads={number}": apart(_without_gpu, config(f"training.threads={number}"), images, rounds)
        for number in sorted({1, 2, cores})
    }
    found = [Group("determinism", threads, f"threads={cores}", first_round=22, later_round=5)]
    if gpu:
        ways = {
            f"deterministic={said}": apart(train, "ours", config(f"training.deterministic={said}"), images, rounds)
            for said in ("true", "false")
        }
        found.append(Group("determinism on a GPU", ways, "deterministic=false", first_round=30, later_round=2))
    return found


def _without_gpu(tell: Tell, config: TrainConfig, images: Images, rounds: int) -> None:
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    train(tell, "ours", config, images, rounds)
