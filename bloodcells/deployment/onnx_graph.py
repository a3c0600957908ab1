"""A Keras model as an ONNX graph.

Keras's own export to ONNX hands tf2onnx the model's constants, such as a network's mean colour, as further inputs, and
grouped convolutions as functions it cannot read; here both are part of a frozen graph before it is converted.
"""

import logging
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2


def write_onnx(model: keras.Model, file: Path) -> None:
    """Writes `model` to `file`: float32 (n, h, w, 3), RGB in 0..255, called "images", to float32 (n, classes).

    Needs the package's extra `onnx`.
    """
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    images = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="images")
    eagerly = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)  # what Keras would compile apart becomes part of the one graph
    try:
        forward = tf.function(lambda batch: model(batch, training=False)).get_concrete_function(images)
    finally:
        tf.config.run_functions_eagerly(eagerly)
    frozen = convert_variables_to_constants_v2(forward)
    tf2onnx.convert.from_graph_def(
        frozen.graph.as_graph_def(),
        name=model.name,
        input_names=[frozen.inputs[0].name],
        output_names=[frozen.outputs[0].name],
        tensors_to_rename={frozen.inputs[0].name: "images", frozen.outputs[0].name: "probabilities"},
        custom_op_handlers={"Erfc": (_erfc, [])},
        output_path=str(file),
    )


def _erfc(graph: Any, node: Any, name: str, args: list[Any]) -> None:
    """ONNX has no erfc, which ConvNeXt's exact GELU is made of: 1 - erf."""
    kind, shape = graph.get_dtype(node.output[0]), graph.get_shape(node.output[0])
    one = graph.make_const(f"{name}_one", np.array(1, np.float32))
    erf = graph.make_node("Erf", [node.input[0]], dtypes=[kind], shapes=[shape])
    node.type = "Sub"
    graph.replace_inputs(node, [one.output[0], erf.output[0]])
