# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ONNX project's own node tests: every operator, attribute and default, equal or refused.

The suite computes all of them in PyTorch, as the front end writes them, and compiles one for each
operator, many in one program; `-m nightly` compiles all, each from its file.
"""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pumice
from pumice.frontend import FrontendError

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("torch_mlir")

#: Cases of operators that have no tensors of numbers, or another domain, are all refused.
SKIPPED = ("test_ai_onnx_ml", "test_training")

#: Where PyTorch's own kernel may order equal elements otherwise; the compiled one does not.
UNORDERED = ("test_top_k_same_values",)


@functools.cache
def cases() -> dict[str, Any]:
    """All cases by name."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = load_model_tests(kind="node")
    return {case.name: case for case in found if not case.name.startswith(SKIPPED)}


def array_of(value: Any) -> Any:
    """A value of a case as an array, if it is a tensor."""
    if isinstance(value, onnx.TensorProto):
        return onnx.numpy_helper.to_array(value)
    return np.asarray(value) if isinstance(value, np.generic) else value


def variants(case: Any, folder: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Files of a case, with their inputs: as it is, and with all inputs but the first constant.

    Axes, shapes and the like are inputs of the cases; models have them as constants.
    """
    given = map(array_of, case.data_sets[0][0])
    inputs = dict(zip((v.name for v in case.model.graph.input), given, strict=False))
    if not all(
        isinstance(value, np.ndarray) and value.dtype != object for value in inputs.values()
    ):
        raise FrontendError("an input that is no tensor")
    for constants in ([], list(inputs)[1:]):
        model = onnx.ModelProto()
        model.CopyFrom(case.model)
        for name in constants:
            model.graph.initializer.append(onnx.numpy_helper.from_array(inputs[name], name))
        path = folder / "case.onnx"
        onnx.save(model, str(path))
        yield path, {name: value for name, value in inputs.items() if name not in constants}


def graph_of(path: Any, feeds: dict[str, Any]) -> Any:
    """The graph of a file as a module, and its inputs; None if nothing is left to compute."""
    from pumice.frontend.onnx.graph import read_graph
    from pumice.frontend.onnx.integers import expand_integer_ops
    from pumice.frontend.onnx.module import GraphModule, example_inputs
    from pumice.frontend.onnx.operators.nodes import tensor_of
    from pumice.frontend.onnx.simplify import simplify

    graph = read_graph(path, feeds, None)
    simplify(graph)
    expand_integer_ops(graph)
    simplify(graph)
    computed = {name for node in graph.nodes for name in node.output}
    if any(output.name not in computed for output in graph.model.graph.output):
        return None
    example_inputs(graph)  # refuses types that have no tensors
    return GraphModule(graph).eval(), [tensor_of(feeds[name]) for name, _, _ in graph.inputs]


def constants_of(path: Any, feeds: dict[str, Any]) -> list[Any]:
    """The results of a file where nothing is left to compute."""
    from pumice.frontend.onnx.graph import read_graph
    from pumice.frontend.onnx.simplify import simplify

    graph = read_graph(path, feeds, None)
    simplify(graph)
    return [
        feeds[output.name] if output.name in feeds else graph.weights[output.name]
        for output in graph.model.graph.output
    ]


def arrays(values: Any) -> list[Any]:
    return [(value.float() if value.dtype is torch.bfloat16 else value).numpy() for value in values]


def in_pytorch(path: Any, feeds: dict[str, Any]) -> list[Any] | None:
    """What the operators' functions compute; None if nothing is left to compute."""
    found = graph_of(path, feeds)
    if found is None:
        return None
    module, inputs = found
    with torch.no_grad():
        return arrays(module(*inputs))


def compiled(path: Any, feeds: dict[str, Any]) -> list[Any]:
    """What the program computes."""
    outputs = pumice.compile(path, feeds).run(**feeds).outputs
    return list(outputs.values()) if isinstance(outputs, dict) else [outputs]


def difference(case: Any, found: list[Any]) -> str | None:
    """How results differ from the case's, or None."""
    for value, expected in zip(found, case.data_sets[0][1], strict=False):
        if isinstance(expected, onnx.TensorProto):
            expected = onnx.numpy_helper.to_array(expected)
        expected = np.asarray(expected)
        if expected.dtype.name in ("int4", "uint4"):  # in whole bytes
            expected = expected.astype(expected.dtype.name.replace("4", "8"))
        is_float = expected.dtype.kind == "f" or expected.dtype.name == "bfloat16"
        if expected.dtype.name != "bfloat16" and value.dtype != expected.dtype:
            return f"expected {expected.dtype}, got {value.dtype}"
        if value.shape != expected.shape:
            return f"expected {expected.shape}, got {value.shape}"
        if is_float:
            tolerance = 1e-5 if expected.dtype.itemsize >= 4 else 1e-2
            close = np.allclose(
                value.astype(np.float64),
                expected.astype(np.float64),
                max(case.rtol, tolerance),
                max(case.atol, tolerance),
                equal_nan=True,
            )
        else:
            close = np.array_equal(value, expected)
        if not close:
            return f"expected {expected.ravel()[:8]}, got {value.ravel()[:8]}"
    return None


def verdict(case: Any, folder: Any, run: Any) -> tuple[str, str]:
    """("equal" | "constant" | "refused" | "wrong", why)."""
    refusal = ""
    try:
        for path, feeds in variants(case, folder):
            try:
                found = run(path, feeds)
            except FrontendError as error:
                refusal = str(error)
                continue
            if found is None:
                why = difference(case, constants_of(path, feeds))
                return ("wrong", f"{case.name}: {why}") if why else ("constant", "")
            why = difference(case, found)
            return ("wrong", f"{case.name}: {why}") if why else ("equal", "")
    except FrontendError as error:
        refusal = str(error)
    return "refused", refusal


def tally(names: list[str], folder: Any, run: Any) -> tuple[dict[str, int], list[str], list[str]]:
    counts = {"equal": 0, "constant": 0, "refused": 0, "wrong": 0}
    wrong, refused = [], []
    for name in names:
        kind, text = verdict(cases()[name], folder, run)
        counts[kind] += 1
        if kind == "wrong":
            wrong.append(text)
        elif kind == "refused":
            refused.append(text)
    return counts, wrong, refused


def test_all_cases_in_pytorch(tmp_path) -> None:
    names = [name for name in cases() if not name.startswith(UNORDERED)]
    counts, wrong, refused = tally(names, tmp_path, in_pytorch)
    print(counts)
    assert not wrong
    assert counts["equal"] > 1330
    # A refusal says what it is about.
    about = ("op '", "input", "constant '")
    assert all(any(word in text for word in about) for text in refused), set(refused)


def _one_of_each() -> list[str]:
    chosen: dict[str, str] = {}
    for name, case in cases().items():
        nodes = case.model.graph.node
        inputs = case.data_sets[0][0]
        if len(nodes) == 1 and all(isinstance(value, np.ndarray) for value in inputs):
            chosen.setdefault(nodes[0].op_type, name)
    return list(chosen.values())


class Together(torch.nn.Module):
    """Graphs next to each other, with the inputs of all."""

    def __init__(self, modules: list[Any], counts: list[int]) -> None:
        super().__init__()
        self.graphs = torch.nn.ModuleList(modules)
        self.counts = counts

    def forward(self, *inputs: Any) -> list[Any]:
        results, first = [], 0
        for graph, count in zip(self.graphs, self.counts, strict=True):
            results.append(list(graph(*inputs[first : first + count])))
            first += count
        return results


def compiled_together(graphs: dict[str, Any]) -> dict[str, list[Any]]:
    """Results of one program with many graphs; of those without a refused operator."""
    modules, inputs = zip(*graphs.values(), strict=True)
    model = Together(list(modules), [len(values) for values in inputs])
    given = tuple(value for values in inputs for value in values)
    try:
        results = pumice.compile(model.eval(), given, quantize=False).run(*given).outputs
    except pumice.PumiceError:
        if len(graphs) == 1:
            return {}
        items = list(graphs.items())
        halves = items[: len(items) // 2], items[len(items) // 2 :]
        return {k: v for half in halves for k, v in compiled_together(dict(half)).items()}
    return {name: arrays(values) for name, values in zip(graphs, results, strict=True)}


def graphs_of_each(folder: Any) -> dict[str, Any]:
    """Graphs of one case for each operator that the front end has, with their inputs."""
    graphs: dict[str, Any] = {}
    for name in _one_of_each():
        inputs = [np.asarray(array_of(value)) for value in cases()[name].data_sets[0][0]]
        has_shapes = any(value.dtype in (bool, np.int32, np.int64) for value in inputs[1:])
        with contextlib.suppress(FrontendError):
            path, feeds = list(variants(cases()[name], folder))[-1]
            if not has_shapes:
                path, feeds = next(variants(cases()[name], folder))
            found = graph_of(path, feeds)
            if found is not None:
                found[0](*found[1])  # names an operator that is not supported
                graphs[name] = found
    return graphs


def test_one_case_of_each_operator_compiled(tmp_path) -> None:
    graphs = list(graphs_of_each(tmp_path).items())
    results: dict[str, list[Any]] = {}
    for first in range(0, len(graphs), 12):
        results |= compiled_together(dict(graphs[first : first + 12]))
    why = {name: difference(cases()[name], found) for name, found in results.items()}
    assert not {name: text for name, text in why.items() if text}
    refused = sorted(dict(graphs).keys() - results.keys())
    print(len(results), "equal,", len(refused), "refused:", *refused)
    assert len(results) > 125, refused


FROM_FILES = ["test_add", "test_conv_with_strides_padding", "test_qlinearmatmul_2D_uint8_float32"]


def test_files_compiled(tmp_path) -> None:
    counts, wrong, refused = tally(FROM_FILES, tmp_path, compiled)
    assert not wrong
    assert counts["equal"] == len(FROM_FILES), refused


@pytest.mark.nightly
def test_all_cases_compiled(tmp_path) -> None:
    counts, wrong, refused = tally(list(cases()), tmp_path, compiled)
    print(counts, *sorted(set(refused)), sep="\n")
    assert not wrong
    assert counts["equal"] > 1000
