# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX files for tests, and what onnxruntime computes with them."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("torch_mlir")


class Cnn(torch.nn.Module):
    """Padding, strides, groups, both kinds of pools, a residual sum, a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.depthwise = torch.nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8)
        self.point = torch.nn.Conv2d(8, 8, 1)
        self.last = torch.nn.Linear(8, 5)

    def forward(self, x: Any) -> Any:
        x = torch.max_pool2d(torch.relu(self.first(x)), 2)
        x = torch.relu(self.depthwise(x))
        x = x + self.point(x)
        return self.last(torch.nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))


class Block(torch.nn.Module):
    """A transformer's layer, written out."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        for name in ("query", "key", "value", "out"):
            setattr(self, name, torch.nn.Linear(width, width))
        self.wide = torch.nn.Linear(width, 2 * width)
        self.narrow = torch.nn.Linear(2 * width, width)
        self.norms = torch.nn.ModuleList([torch.nn.LayerNorm(width) for _ in range(2)])

    def forward(self, x: Any) -> Any:
        batch, time, width = x.shape

        def split(y: Any) -> Any:
            return y.view(batch, time, self.heads, width // self.heads).transpose(1, 2)

        query, key, value = (split(f(x)) for f in (self.query, self.key, self.value))
        weights = torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(width // self.heads), -1)
        y = (weights @ value).transpose(1, 2).reshape(batch, time, width)
        x = self.norms[0](x + self.out(y))
        return self.norms[1](x + self.narrow(torch.nn.functional.gelu(self.wide(x))))


class Transformer(torch.nn.Module):
    """Embeddings, positions made from a shape, one layer; two results."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(30, width)
        self.places = torch.nn.Embedding(12, width)
        self.block = Block(width, 2)
        self.head = torch.nn.Linear(width, 4)

    def forward(self, ids: Any) -> Any:
        x = self.block(self.words(ids) + self.places(torch.arange(ids.shape[1])))
        return self.head(x.mean(1)), x


def export(model: Any, example: Any, path: Path, names: list[str], dynamic: Any = None) -> Path:
    """Writes a model with torch's exporter that needs nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(), (example,), str(path), dynamo=False, input_names=names[:1],
            output_names=names[1:], dynamic_axes=dynamic,
        )  # fmt: skip
    return path


def quantize(path: Path, feeds: list[dict[str, Any]], out: Path, **options: Any) -> Path:
    """Quantizes a file statically, with onnxruntime's own tool."""
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(feeds)

        def get_next(self) -> Any:
            return next(self.left, None)

    quantize_static(str(path), str(out), Reader(), **options)
    return out


def exact_reference(path: Path, feeds: dict[str, Any]) -> list[Any]:
    """What the onnx package computes: exact in integers on every processor."""
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator(str(path)).run(None, feeds)


def reference(path: Path, feeds: dict[str, Any]) -> list[Any]:
    """What onnxruntime computes, node by node as the file says.

    Its products of unsigned activations with signed weights saturate on processors without VNNI:
    use `exact_reference` for integers, or quantize with `reduce_range`.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def write(path: Path, nodes: list[Any], inputs: Any, outputs: Any, weights: Any) -> Path:
    """A file of nodes by hand: inputs and outputs as name: (type, shape), weights as arrays."""
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "by_hand",
        [info(name, *spec) for name, spec in inputs.items()],
        [info(name, *spec) for name, spec in outputs.items()],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    versions = {"": 19, **{item.domain: 1 for item in nodes if item.domain}}
    imports = [onnx.helper.make_opsetid(*version) for version in versions.items()]
    model = onnx.helper.make_model(graph, opset_imports=imports)
    onnx.save(model, str(path))
    return path
