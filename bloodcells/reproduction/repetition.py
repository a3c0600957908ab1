"""A run done again: what it is told before, and compared with at its end."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import mlflow

from bloodcells.config.schema import TrainConfig
from bloodcells.provenance.fingerprint import Fingerprint
from bloodcells.provenance.machine import unrepeatable
from bloodcells.reproduction.surroundings import differences, present, recorded
from bloodcells.reproduction.verdict import Verdict, compare
from bloodcells.runs.images import expect_same
from bloodcells.runs.lifecycle import tracked
from bloodcells.tracking.run import Run
from bloodcells.tracking.stored import StoredRun

log = logging.getLogger(__name__)


class Repetition:
    """One repetition of `original`. `verdict` is there once the training that it tracks has ended."""

    verdict: Verdict

    def __init__(self, original: StoredRun) -> None:
        self._original = original

    @contextmanager
    def tracked(self, config: TrainConfig, fingerprint: Fingerprint, origin: str) -> Iterator[Run]:
        """The run of a training, as `lifecycle.tracked`, which is compared with the original before it ends.

        So a run that is there has its verdict, and one that is interrupted before goes on. Tells what is not as it was
        before anything is trained. Raises InputError for other data: that would be another experiment.
        """
        expect_same(self._original, origin, fingerprint.data)
        then, now = recorded(self._original), present(config, fingerprint)
        gpus = bool(then.machine["gpus"] or now.machine["gpus"])
        reasons = [*unrepeatable(config, gpus), *differences(then, now)]
        for line in reasons or ["code, packages and machine are as they were"]:
            log.info(line)
        with tracked(config, fingerprint, origin, self._original) as run:
            yield run
            with self._original.readable("repetition"):
                again = StoredRun(mlflow.get_run(run.id))
            self.verdict = compare(self._original, again, reasons)
            run.score(self.verdict.metrics())
            if not self.verdict.equal:
                run.keep({"reproduction.csv": self.verdict.table()})
            rows = [f"- {key}: {said}" for key, said in self.verdict.rows().items()]
            trained = again.run.data.tags["mlflow.note.content"]
            run.describe("\n".join([f"Run {self._original.id} again.", "", *rows, "", trained]))
