"""Bounds of small networks by auto_LiRPA (Xu et al. 2020), for `npm run test:lirpa`.

Reads questions as JSON from standard input and writes each one with the bounds of its logits, by interval
arithmetic and by CROWN with its default slopes, to standard output. Runs with auto_LiRPA 0.3 and any
PyTorch since 1.8: what newer ones took away is put back below.
"""
import json
import sys
import types

import numpy
import torch
import torch.onnx
import torch.onnx.symbolic_helper
from torch import nn

torch.set_default_dtype(torch.float32)


def put_back():
    """What auto_LiRPA 0.3 expects of older versions of NumPy and PyTorch."""
    old = types.ModuleType("numpy.lib.arraysetops")
    old.isin = numpy.isin
    sys.modules.setdefault("numpy.lib.arraysetops", old)
    if not hasattr(torch.onnx.symbolic_helper, "_set_opset_version"):
        try:
            from torch.onnx._internal.torchscript_exporter._globals import GLOBALS
        except ImportError:
            from torch.onnx._globals import GLOBALS

        def set_version(version):
            GLOBALS.export_onnx_opset_version = version

        torch.onnx.symbolic_helper._set_opset_version = set_version
    if not hasattr(torch.onnx, "OperatorExportTypes"):
        torch.onnx.OperatorExportTypes = torch._C._onnx.OperatorExportTypes
    if not hasattr(torch._C.Node, "__getitem__"):
        torch._C.Node.__getitem__ = lambda node, key: getattr(node, node.kindOf(key))(key)


put_back()
from auto_LiRPA import BoundedModule, BoundedTensor, PerturbationLpNorm  # noqa: E402


def layer_of(layer):
    """A layer of a question; kernels come as (height, width, in, out) and (in, out)."""
    if layer["kind"] == "relu":
        return nn.ReLU()
    if layer["kind"] == "flatten":
        return nn.Flatten()
    kernel = torch.tensor(layer["kernel"]).reshape(layer["shape"])
    if layer["kind"] == "conv":
        height, width, inputs, outputs = layer["shape"]
        made = nn.Conv2d(inputs, outputs, (height, width), layer["stride"], layer["padding"])
        made.weight.data = kernel.permute(3, 2, 0, 1).contiguous()
    else:
        # What was flattened was (height, width, channels); here it is (channels, height, width).
        height, width, channels = layer["from"]
        outputs = layer["shape"][1]
        made = nn.Linear(*layer["shape"])
        rows = kernel.reshape(height, width, channels, outputs).permute(3, 2, 0, 1)
        made.weight.data = rows.reshape(outputs, -1).contiguous()
    made.bias.data = torch.tensor(layer["bias"])
    return made


def answer(question):
    height, width, channels = question["inputShape"]

    def image(values):
        return torch.tensor(values).reshape(1, height, width, channels).permute(0, 3, 1, 2).contiguous()

    lower, upper = image(question["lower"]), image(question["upper"])
    network = nn.Sequential(*map(layer_of, question["layers"])).eval()
    bounded = BoundedModule(network, lower, bound_opts={"relu": "adaptive"})
    box = BoundedTensor(lower, PerturbationLpNorm(norm=float("inf"), x_L=lower, x_U=upper))
    found = {}
    for name, method in (("interval", "IBP"), ("crown", "backward")):
        low, high = bounded.compute_bounds(x=(box,), method=method)
        found[name] = {"lower": low[0].tolist(), "upper": high[0].tolist()}
    return {"network": question["network"], "seed": question["seed"], "eps": question["eps"], **found}


json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)
