# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`torch.compile(model, backend="pumice")`: graphs run on the simulated machine.

    model = torch.compile(model, backend="pumice", options={"device": "isaac"})

Options:
    device: as for `pumice.compile`.
    quantize: quantize float graphs to 8 bits, with the first inputs as calibration. The default,
        False, keeps a float model in float, on the digital unit.
    threads: as for `Program.run`.
    on_report: called with the `Report` of every run.

A graph is compiled when it is first called, once per shape of its inputs. Weights are programmed
into the machine: when they change (another tensor, or an in-place change), the graph is compiled
again. Buffers that a graph updates, such as running statistics and caches, have their new values
after each call, as without the backend. Results carry no gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from pumice.errors import PumiceError
from pumice.frontend import FrontendError

if TYPE_CHECKING:
    from pumice.device import Device
    from pumice.program import Program
    from pumice.report import Report

__all__ = ["pumice"]


def pumice(
    graph: torch.fx.GraphModule,
    example_inputs: Sequence[Any],
    *,
    options: Mapping[str, Any] | None = None,
    device: str | Device = "ideal",
    quantize: bool = False,
    threads: int | None = None,
    on_report: Callable[[Report], None] | None = None,
) -> Callable[..., Any]:
    """The backend; options as in the module's description, here or in `options`.

    Raises:
        PumiceError: no such device or option.
    """
    given = {"device": device, "quantize": quantize, "threads": threads, "on_report": on_report}
    unknown = set(options or {}) - set(given)
    if unknown:
        raise PumiceError(f"expected options of {sorted(given)}, got {sorted(unknown)}")
    return _Graph(graph, **{**given, **(options or {})})


class _Graph:
    """A graph of dynamo and its programs by the shapes of its inputs."""

    def __init__(
        self,
        graph: torch.fx.GraphModule,
        device: str | Device,
        quantize: bool,
        threads: int | None,
        on_report: Callable[[Report], None] | None,
    ) -> None:
        from pumice.device import Device

        self._graph = graph
        self._device = device if isinstance(device, Device) else Device(device)
        self._quantize = quantize
        self._threads = threads
        self._on_report = on_report
        nodes = [node for node in graph.graph.nodes if node.op == "placeholder"]
        # Dynamo passes parameters and buffers as inputs, and marks them.
        self._is_weight = ["_dynamo_static_input_type" in _tensor_dict(node) for node in nodes]
        self._weight_names = [
            node.name for node, fixed in zip(nodes, self._is_weight, strict=True) if fixed
        ]
        self._programs: dict[tuple[Any, ...], Program | None] = {}
        self._weights: list[tuple[torch.Tensor, int]] = []

    def __call__(self, *inputs: Any) -> Any:
        weights = [value for value, fixed in zip(inputs, self._is_weight, strict=True) if fixed]
        values = [value for value, fixed in zip(inputs, self._is_weight, strict=True) if not fixed]
        if self._changed(weights):
            self._programs.clear()
            self._weights = [(weight, weight._version) for weight in weights]
        key = tuple(
            (tuple(value.shape), value.dtype) if isinstance(value, torch.Tensor) else value
            for value in values
        )
        if key not in self._programs:
            known = next((found for found in self._programs.values() if found is not None), None)
            self._programs[key] = program = self._compile(inputs)
            if known is not None and program is not None:
                program.share_state(known)
        program = self._programs[key]
        if program is None:
            return self._graph(*inputs)
        result = program.run(*values, threads=self._threads)
        self._update(weights, program)
        if self._on_report is not None:
            self._on_report(result.report)
        return _as_tensors(result.outputs)

    def _changed(self, weights: Sequence[torch.Tensor]) -> bool:
        return len(weights) != len(self._weights) or any(
            weight is not known or weight._version != version
            for weight, (known, version) in zip(weights, self._weights, strict=True)
        )

    def _update(self, weights: Sequence[torch.Tensor], program: Program) -> None:
        """Writes the state that a run left to the model's own buffers."""
        state = program.state
        for index, name in enumerate(self._weight_names):
            if name in state:
                weight = weights[index]
                with torch.no_grad():
                    weight.copy_(torch.as_tensor(state[name]))
                self._weights[index] = (weight, weight._version)

    def _compile(self, inputs: Sequence[Any]) -> Program | None:
        """The program for inputs like these; None if there is nothing to compute."""
        from pumice.compiler import compile

        if not any(node.op.startswith("call_") for node in self._graph.graph.nodes):
            return None
        for value in inputs:
            if isinstance(value, torch.Tensor) and value.device.type != "cpu":
                raise FrontendError(f"expected tensors on the cpu, got one on {value.device}")
        frozen = _freeze(self._graph, inputs, self._is_weight)
        values = [value for value, fixed in zip(inputs, self._is_weight, strict=True) if not fixed]
        example = tuple(v.detach() if isinstance(v, torch.Tensor) else v for v in values)
        program = compile(
            frozen,
            example,
            device=self._device,
            quantize=None if self._quantize else False,
        )
        if self._device.adc_mode == "calibrated":
            program.calibrate([example], threads=self._threads)
        return program


def _tensor_dict(node: torch.fx.Node) -> Mapping[str, Any]:
    found: Mapping[str, Any] = node.meta.get("tensor_dict") or {}
    return found


def _freeze(
    graph: torch.fx.GraphModule, inputs: Sequence[Any], is_weight: Sequence[bool]
) -> torch.fx.GraphModule:
    """A copy of a graph that holds its weights as buffers."""
    copied = torch.fx.Graph()
    output = copied.graph_copy(graph.graph, {})
    copied.output(output)
    root = torch.nn.Module()
    for name, module in graph.named_children():
        root.add_module(name, module)
    for name, tensor in [
        *graph.named_parameters(recurse=False),
        *graph.named_buffers(recurse=False),
    ]:
        root.register_buffer(name, tensor.detach())
    nodes = [node for node in copied.nodes if node.op == "placeholder"]
    for node, value, fixed in zip(nodes, inputs, is_weight, strict=True):
        if not fixed:
            continue
        if isinstance(value, torch.nn.Parameter):
            root.register_parameter(node.name, torch.nn.Parameter(value.detach(), False))
        else:
            root.register_buffer(node.name, value.detach())
        with copied.inserting_before(node):
            node.replace_all_uses_with(copied.get_attr(node.name))
        copied.erase_node(node)
    return torch.fx.GraphModule(root, copied)


def _as_tensors(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(map(_as_tensors, value))
    return value if isinstance(value, torch.Tensor) or value is None else torch.as_tensor(value)
