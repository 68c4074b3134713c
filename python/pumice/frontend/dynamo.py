# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""``torch.compile(model, backend="pumice")``.

Dynamo hands over a graph whose weights are inputs; here they are bound again, so that they are
programmed into arrays. Compilation waits for the first call, whose inputs calibrate the
quantization unless `options` say otherwise; each combination of input shapes is compiled once.
Weights are those at that time: later changes of them have no effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.fx import GraphModule

from pumice.frontend.errors import FrontendError

__all__ = ["backend"]

_OPTIONS = ("device", "calibration", "quantize")


def backend(
    graph_module: GraphModule,
    example_inputs: Sequence[Any],
    *,
    options: Mapping[str, Any] | None = None,
) -> Callable[..., Any]:
    """A Dynamo backend that runs graphs on Pumice's simulated machine.

    Args:
        graph_module, example_inputs: from Dynamo.
        options: `device`, `calibration` and `quantize` as for `pumice.compile`.

    Raises:
        FrontendError: an unknown option. Errors of compilation show at the first call.
    """
    chosen = dict(options or {})
    unknown = sorted(set(chosen) - set(_OPTIONS))
    if unknown:
        raise FrontendError(f"expected options of {sorted(_OPTIONS)}, got {unknown}")
    bound, free = _bind_weights(graph_module, example_inputs)
    programs: dict[Any, Any] = {}

    def run(*args: Any) -> Any:
        import pumice

        inputs = tuple(args[index] for index in free)
        key = tuple(_kind(value) for value in inputs)
        if key not in programs:
            programs[key] = pumice.compile(bound, inputs, **chosen)
        return programs[key].run(*inputs).outputs

    return run


def _kind(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return (tuple(value.shape), value.dtype)
    return value


def _bind_weights(
    graph_module: GraphModule, example_inputs: Sequence[Any]
) -> tuple[GraphModule, list[int]]:
    """A copy with parameters and buffers as attributes, and the positions of other inputs."""
    graph = torch.fx.Graph()
    output = graph.graph_copy(graph_module.graph, {})
    if output is not None:
        graph.output(output)
    bound = GraphModule(graph_module, graph)
    free: list[int] = []
    placeholders = [node for node in graph.nodes if node.op == "placeholder"]
    for index, (node, value) in enumerate(zip(placeholders, example_inputs, strict=True)):
        static = "_dynamo_static_input_type" in (node.meta.get("tensor_dict") or {})
        if not (static or isinstance(value, torch.nn.Parameter)):
            free.append(index)
            continue
        if isinstance(value, torch.nn.Parameter):
            bound.register_parameter(node.name, value)
        else:
            bound.register_buffer(node.name, value)
        with graph.inserting_before(node):
            attribute = graph.create_node("get_attr", node.name)
        node.replace_all_uses_with(attribute)
        graph.erase_node(node)
    bound.recompile()
    return bound.eval(), free
