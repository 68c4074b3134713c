# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Buffers that a model updates: key-value caches, running statistics, counters.

torch.export makes a function of such a model that takes the buffers and returns their new values.
The compiled function does the same; `#pum.state` on its arguments says which result is the next
value of which argument, and the machine keeps it from run to run.
"""

from __future__ import annotations

import json
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pumice.frontend.errors import FrontendError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import torch
    from torch.export import ExportedProgram
    from torch.fx import Graph, Node

__all__ = [
    "StateSpec", "attach_states", "buffers_for_constants", "functional_updates", "is_updated",
    "update_ops", "updated_attributes", "updated_buffers", "written_by",
]  # fmt: skip


@dataclass(frozen=True)
class StateSpec:
    """A buffer that is an argument of the compiled function.

    Attributes:
        name: of the buffer.
        initial: its value when the model was exported.
        result: the function's result that is its next value.
    """

    name: str
    initial: torch.Tensor
    result: int


def updated_buffers(program: ExportedProgram) -> dict[str, str]:
    """Names of the buffers that a program updates, by the names of their placeholders."""
    signature = program.graph_signature
    updated = set(signature.buffers_to_mutate.values())
    return {
        placeholder: buffer
        for placeholder, buffer in signature.inputs_to_buffers.items()
        if buffer in updated
    }


def buffers_for_constants(program: ExportedProgram) -> None:
    """Lets a program read a buffer as such where torch.export took it for a constant; in place.

    That is so where the model reaches the buffer by another way than as an attribute of a module,
    such as the static cache of transformers, whose tensors the module registers too.

    Raises:
        FrontendError: the program updates a tensor that is not a buffer.
    """
    import torch

    signature = program.graph_signature
    buffers = {
        _identity(_value_of(program, buffer)): name
        for name, buffer in signature.inputs_to_buffers.items()
    }
    placeholders = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    for name, constant in signature.inputs_to_lifted_tensor_constants.items():
        node, value = placeholders[name], program.constants[constant]
        buffer = buffers.get(_identity(value)) if isinstance(value, torch.Tensor) else None
        if buffer is None:
            if any(node in written_by(user) for user in program.graph.nodes):
                raise FrontendError(
                    f"the model updates the tensor '{constant}', which is not a buffer: register it"
                    " (torch.nn.Module.register_buffer)"
                )
            continue
        node.replace_all_uses_with(placeholders[buffer])
        program.graph.erase_node(node)
        specs = signature.input_specs
        specs[:] = [spec for spec in specs if getattr(spec.arg, "name", None) != name]
    program.graph_module.recompile()


def _value_of(program: ExportedProgram, buffer: str) -> torch.Tensor:
    found: torch.Tensor = {**program.constants, **program.state_dict}[buffer]
    return found


def _identity(value: torch.Tensor) -> tuple[Any, ...]:
    return value.data_ptr(), tuple(value.shape), value.stride(), value.dtype


def functional_updates(program: ExportedProgram) -> ExportedProgram:
    """The program with one write to each buffer that it updates, at its end.

    PT2E puts ops between an op and its readers, after which an update in place would change a copy,
    and a reader of the buffer could come before the update.
    """
    buffers = program.graph_signature.inputs_to_buffers
    written = {node.name for op in program.graph.nodes for node in written_by(op)}
    return program.run_decompositions({}) if written & buffers.keys() else program


def update_ops(graph: Graph, layers: Callable[[Node], bool]) -> set[Node]:
    """Ops that make the next value of a buffer from its last one, with none of `layers` between.

    They stay in float: rounded at each step, a small change would never add up.
    """
    import torch

    found: set[Node] = set()
    for op in graph.nodes:
        if op.target is not torch.ops.aten.copy_.default or op.args[0].op != "get_attr":
            continue
        name = op.args[0].target
        reads = {node for node in graph.nodes if node.op == "get_attr" and node.target == name}
        made_from = _reached([op.args[1]], lambda node: node.all_input_nodes, layers)
        found |= _reached(reads, lambda node: list(node.users), layers) & made_from
        found -= reads | {op}
    return found


def _reached(
    nodes: Iterable[Node], following: Callable[[Node], list[Node]], layers: Callable[[Node], bool]
) -> set[Node]:
    found: set[Node] = set()
    left = list(nodes)
    while left:
        node = left.pop()
        if node not in found and not layers(node):
            found.add(node)
            left += following(node)
    return found


def updated_attributes(graph: Graph) -> set[str]:
    """Attributes of a module that ops of its graph write to, directly or through views."""
    written = (node for op in graph.nodes for node in written_by(op))
    return {str(node.target) for node in written if node.op == "get_attr"}


def written_by(op: Node) -> list[Node]:
    """Nodes whose tensors an op may write to: its operands, and what those are views of."""
    import torch

    schema = getattr(op.target, "_schema", None)
    if op.op != "call_function" or schema is None or not schema.is_mutable:
        return []
    if op.target is torch.ops.aten.detach_.default:
        return []  # in place by name, but elements stay what they are
    found: list[Node] = []
    for argument, value in zip(schema.arguments, op.args, strict=False):
        node: Any = value
        written = argument.alias_info is not None and argument.alias_info.is_write
        while written and isinstance(node, torch.fx.Node):
            found.append(node)
            node = _viewed(node)
    return found


def _viewed(node: Node) -> Node | None:
    """The tensor whose memory the result of a node is, if it makes no new one."""
    source = next(iter(node.all_input_nodes), None)
    if node.target is operator.getitem:
        return source  # of views of a tensor, or of results of their own
    schema = getattr(node.target, "_schema", None)
    if schema is None or not any(result.alias_info is not None for result in schema.returns):
        return None
    return source


def is_updated(node: Node) -> bool:
    """True for an attribute that its graph writes to."""
    return node.op == "get_attr" and str(node.target) in updated_attributes(node.graph)


def attach_states(function: Any, states: Sequence[StateSpec]) -> dict[str, torch.Tensor]:
    """Puts `#pum.state` on the first arguments of a function.

    Args:
        function: the operation, a pumice.ir func.func.

    Returns:
        The tensors of the resources that the attributes name.
    """
    from pumice import ir

    if not states:
        return {}
    import torch

    resources: dict[str, torch.Tensor] = {}
    types = list(function.type.inputs)
    attributes = [ir.DictAttr.get({}) for _ in types]
    for index, (state, kind) in enumerate(zip(states, types, strict=False)):
        value = state.initial.detach().cpu().contiguous()
        name = json.dumps(state.name)
        if value.dtype == torch.bool or not value.numel():
            data = json.dumps(value.tolist()) if value.numel() else ""
            text = f"dense<{data}> : {kind}"
        else:
            resource = f"state.{state.name}"
            text = f"dense_resource<{json.dumps(resource)}> : {kind}"
            resources[resource] = value
        attribute = f"#pum.state<name = {name}, initial = {text}, result = {state.result}>"
        attributes[index] = ir.DictAttr.get({"pum.state": ir.Attribute.parse(attribute)})
    function.attributes["arg_attrs"] = ir.ArrayAttr.get(attributes)
    return resources
