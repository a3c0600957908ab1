"""Optimizers: the options under conf/optimizer/. Keras is imported only when one is built or checked."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.config.options import option
from bloodcells.config.schema.ranges import within
from bloodcells.config.schema.training import Optimizer
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from bloodcells.training.keras_class import KerasClass, exported, parameters

if TYPE_CHECKING:
    import keras


@option("optimizer", "adam")
@dataclass
class Adam(Optimizer):
    """Adam. `beta_1`, `beta_2`: decay rates of the first and second moment estimates."""

    beta_1: float = within("[0, 1)")
    beta_2: float = within("[0, 1)")
    epsilon: float = within("(0, inf)")

    def build(self, learning_rate: Any) -> "keras.optimizers.Optimizer":
        import keras

        return keras.optimizers.Adam(
            learning_rate=learning_rate, beta_1=self.beta_1, beta_2=self.beta_2, epsilon=self.epsilon
        )


@option("optimizer", "adamw")
@dataclass
class AdamW(Adam):
    """Adam with decoupled weight decay."""

    weight_decay: float = within("[0, inf)")

    def build(self, learning_rate: Any) -> "keras.optimizers.Optimizer":
        import keras

        return keras.optimizers.AdamW(
            learning_rate=learning_rate,
            weight_decay=self.weight_decay,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
        )


@option("optimizer", "lion")
@dataclass
class Lion(Optimizer):
    """Lion. `learning_rate_factor`: factor on each phase's learning rate, which is set for Adam."""

    beta_1: float = within("[0, 1)")
    beta_2: float = within("[0, 1)")
    weight_decay: float = within("[0, inf)")
    learning_rate_factor: float = within("(0, inf)")

    @property
    def rate_factor(self) -> float:
        return self.learning_rate_factor

    def build(self, learning_rate: Any) -> "keras.optimizers.Optimizer":
        import keras

        return keras.optimizers.Lion(
            learning_rate=learning_rate, beta_1=self.beta_1, beta_2=self.beta_2, weight_decay=self.weight_decay
        )


@option("optimizer", "sgd")
@dataclass
class SGD(Optimizer):
    """Stochastic gradient descent with momentum."""

    nesterov: bool
    momentum: float = within("[0, 1]")

    def build(self, learning_rate: Any) -> "keras.optimizers.Optimizer":
        import keras

        return keras.optimizers.SGD(learning_rate=learning_rate, momentum=self.momentum, nesterov=self.nesterov)


@option("optimizer", "keras")
@dataclass
class KerasOptimizer(KerasClass, Optimizer):
    """Any optimizer of Keras: its class name and constructor arguments, without the learning rate."""

    group = "optimizer"
    fixed: ClassVar[dict[str, str]] = {
        "learning_rate": "it comes from training.feature_extraction, training.fine_tuning and their schedules",
        "name": "an optimizer needs none",
    }

    def classes(self) -> dict[str, type]:
        import_tensorflow()
        import keras

        optimizers = exported(keras.optimizers, keras.optimizers.Optimizer)
        # Wrappers around other optimizers have no learning rate and cannot be configured here.
        return {name: kind for name, kind in optimizers.items() if "learning_rate" in parameters(kind)}

    def build(self, learning_rate: Any) -> "keras.optimizers.Optimizer":
        import tensorflow as tf

        if not tf.distribute.has_strategy():  # a variable of a strategy is updated only inside its replicas
            self._try(self.instance(learning_rate=1e-3))
        return self.instance(learning_rate=learning_rate)

    def _try(self, optimizer: "keras.optimizers.Optimizer") -> None:
        """Raises InputError unless the optimizer can update a variable: constructors accept values that fail later."""
        import keras
        import tensorflow as tf

        variable = keras.Variable(np.ones(3, np.float32))
        problem = "its updates are not finite"
        try:
            for _ in range(2):
                optimizer.apply([tf.ones(3)], [variable])
        except (TypeError, ValueError, ArithmeticError, tf.errors.OpError) as error:
            problem = re.sub(r"{{.*?}} | \[Op:.*", "", str(error).splitlines()[0])
        else:
            if np.isfinite(np.array(variable)).all():
                return
        raise InputError(
            f"optimizer.arguments={dict(self.arguments or {})}: {self.class_name} cannot update a variable with them "
            f"({problem}); expected other values"
        )
