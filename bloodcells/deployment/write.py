"""Writes a Keras model in each export format. Every exported model takes RGB images in 0..255, float32 (n, h, w, 3)."""

import logging
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from bloodcells.config.schema import Format
from bloodcells.deployment.card import ModelCard
from bloodcells.model.folding import folded


def write(model: keras.Model, format: Format, path: Path, card: ModelCard) -> None:
    """Writes `model` with its card to `path`, a folder for savedmodel and a file for all other formats.

    In all formats but keras, batch normalization is folded into convolutions, so that the model predicts faster.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its own converters cause warnings
    match format:
        case Format.codabench:
            write_submission(folded(model), path)
            add_to_archive(path, card)
        case Format.keras:
            model.save(path)
            add_to_archive(path, card)
        case Format.savedmodel:
            write_savedmodel(folded(model), path)
            for name, text in card.files.items():
                (path / name).write_text(text, encoding="utf-8")
        case Format.onnx:
            write_onnx(folded(model), path)
            add_to_onnx(path, card)


def add_to_archive(file: Path, card: ModelCard) -> None:
    """Adds the card's files to a zip file, which a .keras file is too."""
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, text in card.files.items():
            archive.writestr(name, text)


def add_to_onnx(file: Path, card: ModelCard) -> None:
    """Stores the card's files as metadata of an ONNX graph, https://onnx.ai/onnx/repo-docs/MetadataProps.html."""
    import onnx

    graph = onnx.load(str(file))
    onnx.helper.set_model_props(graph, card.files)
    onnx.save(graph, str(file))


def write_submission(model: keras.Model, file: Path) -> None:
    """Writes a zip file for Codabench: model.py and the folder `weights`.

    The weights are a SavedModel, since the host's Keras may be too old to load our .keras file.
    """
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        weights = Path(folder, "weights")
        write_savedmodel(model, weights)
        archive.write(Path(__file__).with_name("submission.py"), "model.py")
        for entry in sorted(weights.rglob("*")):
            archive.write(entry, entry.relative_to(folder))


def write_savedmodel(model: keras.Model, folder: Path) -> None:
    """Writes a SavedModel, a graph that TensorFlow runs without Keras. Keras's own export stores the weights twice.

    Its function `serve`, which is also the signature "serving_default", maps "images" to probabilities, float32
    (n, classes).
    """
    images = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="images")
    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    module.serve = tf.function(lambda images: model(images, training=False), input_signature=[images])
    tf.saved_model.save(module, str(folder), signatures=module.serve)


def write_onnx(model: keras.Model, file: Path) -> None:
    """Writes an ONNX graph that maps "images" to "probabilities", float32 (n, classes). Needs the extra `onnx`.

    Keras's own export to ONNX passes constants of the model, such as a backbone's mean color, to tf2onnx as extra
    inputs, and grouped convolutions as functions that tf2onnx cannot convert. Here the graph is frozen first, which
    makes both part of it.
    """
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    images = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="images")
    eagerly = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)  # inlines the functions that Keras would compile separately
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
    """Converts erfc, part of ConvNeXt's exact GELU, to 1 - erf; ONNX has no erfc."""
    kind, shape = graph.get_dtype(node.output[0]), graph.get_shape(node.output[0])
    one = graph.make_const(f"{name}_one", np.array(1, np.float32))
    erf = graph.make_node("Erf", [node.input[0]], dtypes=[kind], shapes=[shape])
    node.type = "Sub"
    graph.replace_inputs(node, [one.output[0], erf.output[0]])
