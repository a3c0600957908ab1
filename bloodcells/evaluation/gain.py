"""What test-time augmentation gains over a single view."""

import time
from collections.abc import Mapping

from pandas import DataFrame

from bloodcells.config.names import Metric
from bloodcells.data.images import Images
from bloodcells.evaluation.predictions import Predictions, predict
from bloodcells.model.inference import Inference

GAIN = "test_time_augmentation/"  # prefix of the metrics


def gain_over_single_view(
    single: Inference, images: Images, test: Predictions, *, batch_size: int, seconds_per_image: float
) -> tuple[dict[str, float], dict[str, DataFrame | str]]:
    """Metrics and tables: what test-time augmentation gains over a single view, and how much slower it is.

    test, seconds_per_image: predictions with test-time augmentation, and the time they took
    """
    single(images.pixels[:batch_size])  # traces the graph before timing starts
    started = time.perf_counter()
    without = predict(single, {"test": images})
    seconds_single = (time.perf_counter() - started) / len(images)
    before, after = without.predicted == without.labels, test.predicted == test.labels
    metrics = {
        f"{GAIN}single_view_accuracy": float(before.mean()),
        f"{GAIN}gain": float(after.mean() - before.mean()),
        f"{GAIN}corrected": float((after & ~before).sum()),
        f"{GAIN}broken": float((before & ~after).sum()),
        f"{GAIN}times_slower": seconds_per_image / seconds_single,
    }
    return metrics, {"predictions_single_view.csv": without.table()}


def gain_in_words(metrics: Mapping[str, float]) -> str | None:
    """What test-time augmentation gains over a single view, as a phrase; None without test-time augmentation.

    metrics: those of scoring
    """
    gain = {name.removeprefix(GAIN): value for name, value in metrics.items() if name.startswith(GAIN)}
    if not gain:
        return None
    return (
        f"accuracy {gain['single_view_accuracy']:.3f} with a single view; the mean over rotations and reflections "
        f"reaches {metrics[Metric.TEST_ACCURACY]:.3f}, corrects {gain['corrected']:.0f} predictions, breaks "
        f"{gain['broken']:.0f}, and takes {gain['times_slower']:.1f} times as long"
    )
