"""Learning-rate schedules: the options under conf/schedule/. Keras is imported only when one is built."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bloodcells.config.options import option
from bloodcells.config.schema.ranges import within
from bloodcells.config.schema.training import Monitor, Schedule

if TYPE_CHECKING:
    import keras


@option("schedule", "constant")
@dataclass
class Constant(Schedule):
    """The phase's learning rate throughout."""


@option("schedule", "plateau")
@dataclass
class Plateau(Schedule):
    """Multiplies the rate by `factor` after `patience_epochs` without a higher monitored accuracy."""

    factor: float = within("(0, 1)")
    patience_epochs: int = within("[1, inf)")
    minimum_learning_rate: float = within("[0, inf)")

    def callback(self, monitor: Monitor) -> "keras.callbacks.Callback":
        import keras

        return keras.callbacks.ReduceLROnPlateau(
            monitor=monitor.accuracy,
            mode="max",
            factor=self.factor,
            patience=self.patience_epochs,
            min_lr=self.minimum_learning_rate,
            min_delta=0.0,
        )


@option("schedule", "cosine")
@dataclass
class Cosine(Schedule):
    """Linear warm-up, then cosine decay to zero at the end of the stage. Early stopping waits for the end.

    warmup_epochs: in which the rate rises from zero
    """

    warmup_epochs: float = within("[0, inf)")

    def learning_rate(self, initial: float, steps_per_epoch: int, epochs: int) -> Any:
        import keras

        warmup = round(self.warmup_epochs * steps_per_epoch)
        return keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else initial,
            decay_steps=max(1, epochs * steps_per_epoch - warmup),
            warmup_target=initial if warmup else None,
            warmup_steps=warmup,
        )

    def may_stop_after(self, epoch: int) -> bool:
        return False


@option("schedule", "cosine_restarts")
@dataclass
class CosineRestarts(Schedule):
    """Cosine decay with warm restarts. Early stopping waits for the end of a cycle.

    first_cycle_epochs: length of the first cycle
    cycle_growth, peak_decay: length and initial rate of each cycle relative to the previous one
    """

    first_cycle_epochs: float = within("[1, inf)")
    cycle_growth: float = within("[1, inf)")
    peak_decay: float = within("(0, 1]")

    def learning_rate(self, initial: float, steps_per_epoch: int, epochs: int) -> Any:
        import keras

        return keras.optimizers.schedules.CosineDecayRestarts(
            initial,
            first_decay_steps=round(self.first_cycle_epochs * steps_per_epoch),
            t_mul=self.cycle_growth,
            m_mul=self.peak_decay,
        )

    def may_stop_after(self, epoch: int) -> bool:
        """Whether a cycle ends with this epoch, or within the next one."""
        end = length = self.first_cycle_epochs
        while end < epoch:
            length *= self.cycle_growth
            end = round(end + length, 6)  # ten cycles of 1.1 epochs are 11, not 10.999999999999998
        return end < epoch + 1
