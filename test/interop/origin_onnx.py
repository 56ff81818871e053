"""Writes ONNX files that no exporter of PyTorch does: by skl2onnx, and changed with onnx's helpers."""

import random
import warnings

warnings.filterwarnings("ignore")

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.neural_network import MLPClassifier

from origin_torch import Residual, VisionTransformer, add, export, mobile, train
from pgd import folder, images, report, train_images, train_labels


def shuffled(model, base):
    """The same graph, its nodes in no order."""
    changed = onnx.load(f"{folder}/{base}")
    nodes = list(changed.graph.node)
    random.Random(1).shuffle(nodes)
    del changed.graph.node[:]
    changed.graph.node.extend(nodes)
    onnx.save(changed, f"{folder}/onnx_shuffled.onnx")
    return ["onnx_shuffled.onnx"]


def external(model, base):
    """Large weights in a file of their own."""
    changed = onnx.load(f"{folder}/{base}")
    file = "onnx_external.onnx"
    onnx.save(changed, f"{folder}/{file}", save_as_external_data=True, location=f"{file}.data", size_threshold=64)
    return [file]


def rewritten(base, file, store):
    """Every weight of two or more axes as other nodes and initializers, which `store` makes."""
    changed = onnx.load(f"{folder}/{base}")
    graph = changed.graph
    weights = [one for one in graph.initializer if len(one.dims) >= 2 and one.data_type == TensorProto.FLOAT]
    nodes = []
    for weight in weights:
        graph.initializer.remove(weight)
        values = numpy_helper.to_array(weight)
        more, initializers = store(weight.name, values)
        nodes += more
        graph.initializer.extend(initializers)
    graph.node.extend(nodes)
    onnx.save(changed, f"{folder}/{file}")
    return [file]


def rounded(model, function):
    """Rounds the same weights in PyTorch, so that its figures are those of the changed file."""
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() >= 2:
                weight.copy_(function(weight))
    return model


def half(kind):
    stored = {TensorProto.FLOAT16: torch.float16, TensorProto.BFLOAT16: torch.bfloat16}[kind]

    def change(model, base):
        rounded(model, lambda weight: weight.to(stored).float())

        def store(name, values):
            narrow = torch.from_numpy(values.copy()).to(stored).contiguous().view(torch.int16).numpy()
            tensor = helper.make_tensor(f"{name}_16", kind, values.shape, narrow.tobytes(), raw=True)
            cast = helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT)
            return [cast], [tensor]

        name = "float16" if kind == TensorProto.FLOAT16 else "bfloat16"
        return rewritten(base, f"onnx_{name}.onnx", store)

    return change


def quantized(model, base):
    """Weights in int8 with one scale for each filter, which DequantizeLinear undoes."""

    def scales(values):
        return np.abs(values).reshape(len(values), -1).max(1).clip(1e-6) / 127

    def dequantized(weight):
        step = torch.from_numpy(scales(weight.numpy())).reshape([-1] + [1] * (weight.dim() - 1))
        return (weight / step).round() * step

    rounded(model, dequantized)

    def store(name, values):
        step = scales(values).astype("float32")
        whole = np.round(values / step.reshape([-1] + [1] * (values.ndim - 1))).astype("int8")
        tensors = [
            numpy_helper.from_array(whole, f"{name}_q"),
            numpy_helper.from_array(step, f"{name}_scale"),
            numpy_helper.from_array(np.zeros(len(step), "int8"), f"{name}_zero"),
        ]
        inputs = [tensor.name for tensor in tensors]
        return [helper.make_node("DequantizeLinear", inputs, [name], axis=0)], tensors

    return rewritten(base, "onnx_int8.onnx", store)


# name, network, what is done with its file
CHANGES = [
    ("onnx_shuffled", VisionTransformer, shuffled),
    ("onnx_external", Residual, external),
    ("onnx_float16", Residual, half(TensorProto.FLOAT16)),
    ("onnx_bfloat16", Residual, half(TensorProto.BFLOAT16)),
    ("onnx_int8", mobile, quantized),
]

for name, build, change in CHANGES:
    torch.manual_seed(1)
    model = train(build(), 2)
    base = export(name, model, "old", 17)
    add(name, model, change(model, base))


def perceptron():
    """A network of scikit-learn, whose figures are computed from its weights."""
    flat = lambda batch: batch.reshape(len(batch), -1)
    model = MLPClassifier((48,), activation="relu", max_iter=12, random_state=1)
    model.fit(flat(train_images), train_labels)
    (first, last), (bias1, bias2) = model.coefs_, model.intercepts_

    def hidden(batch):
        return np.maximum(flat(batch) @ first + bias1, 0)

    def scores(batch):
        return hidden(batch) @ last + bias2

    def gradient(batch, truth):
        probabilities = model.predict_proba(flat(batch))
        probabilities[np.arange(len(truth)), truth] -= 1
        inner = (probabilities @ last.T) * (hidden(batch) > 0)
        return (inner @ first.T).reshape(batch.shape).astype("float32")

    converted = convert_sklearn(
        model,
        initial_types=[("pixels", FloatTensorType([None, 784]))],
        options={id(model): {"zipmap": False}},
        target_opset=17,
    )
    onnx.save(converted, f"{folder}/sklearn_perceptron.onnx")
    classify = lambda batch: scores(batch).argmax(1)
    files = ["sklearn_perceptron.onnx"]
    report("sklearn_perceptron", model.predict_proba(flat(images)), gradient, classify, files)


perceptron()
