"""Tracks the repetition of a finished run as a child of the original, and compares the two."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import mlflow

from bloodcells.config.names import Artifact, Tag
from bloodcells.config.schema import TrainConfig
from bloodcells.provenance.fingerprint import Fingerprint
from bloodcells.provenance.machine import unrepeatable
from bloodcells.reproduction.conditions import changes, present_conditions, recorded_conditions
from bloodcells.reproduction.verdict import Verdict, compare
from bloodcells.runs.images import check_data
from bloodcells.runs.lifecycle import tracked
from bloodcells.tracking.live_run import LiveRun
from bloodcells.tracking.stored_run import StoredRun

log = logging.getLogger(__name__)


class Repetition:
    """A repetition of `original`. `verdict` is set once the training that it tracks has ended."""

    verdict: Verdict

    def __init__(self, original: StoredRun) -> None:
        self._original = original

    @contextmanager
    def tracked(self, config: TrainConfig, fingerprint: Fingerprint, origin: str) -> Iterator[LiveRun]:
        """Tracks a training like `lifecycle.tracked` and compares it with the original before the run ends.

        So a FINISHED repetition has a verdict, and one that is interrupted can resume. Logs changed conditions before
        training. Raises InputError if the data have changed, since that would be another experiment.
        """
        check_data(self._original, origin, fingerprint.data)
        then, now = recorded_conditions(self._original), present_conditions(config, fingerprint)
        gpus = bool(then.machine["gpus"] or now.machine["gpus"])
        reasons = [*unrepeatable(config, gpus), *changes(then, now)]
        for line in reasons or ["code, packages and machine are unchanged"]:
            log.info(line)
        with tracked(config, fingerprint, origin, original=self._original) as run:
            yield run
            with self._original.readable("repetition"):
                repeat = StoredRun(mlflow.get_run(run.id))
            self.verdict = compare(self._original, repeat, reasons)
            run.log_metrics(self.verdict.metrics())
            if not self.verdict.equal:
                run.save({Artifact.REPRODUCTION: self.verdict.table()})
            rows = [f"- {key}: {text}" for key, text in self.verdict.rows().items()]
            description = repeat.tags[Tag.DESCRIPTION]
            run.describe("\n".join([f"Repetition of run {self._original.id}.", "", *rows, "", description]))
