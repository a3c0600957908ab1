"""Heads: the options of conf/head/."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bloodcells.config.errors import InputError
from bloodcells.config.options import option
from bloodcells.config.schema import Head
from bloodcells.config.schema.ranges import within

if TYPE_CHECKING:
    import keras


@option("head", "linear")
@option("head", "dense")
@dataclass
class Dense(Head):
    """Dense layers with ReLU, each followed by dropout; `head=linear` has none.

    units: the width of each layer; dropout: the dropout rate after each layer
    """

    units: list[int] = within("[1, inf)")
    dropout: list[float] = within("[0, 1)")

    def check(self) -> None:
        if bool(self.units) == (self.name == "linear"):
            raise InputError(
                f"head.units={self.units}: expected none with head=linear, and one or more with head=dense; "
                f"received head.name={self.name}"
            )
        if len(self.units) != len(self.dropout):
            raise InputError(
                f"head.dropout={self.dropout}: expected one rate for each of the {len(self.units)} dense layers "
                f"in head.units={self.units}"
            )

    def layers(self) -> "list[keras.layers.Layer]":
        from keras import layers

        hidden = []
        for number, (units, rate) in enumerate(zip(self.units, self.dropout, strict=True), start=1):
            hidden.append(layers.Dense(units, activation="relu", name=f"dense{number}"))
            hidden.append(layers.Dropout(rate, name=f"dropout{number}"))
        return hidden
