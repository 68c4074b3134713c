# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lowers exported programs by torch-mlir to text of linalg on tensors, without weights.

The text contains ``dense_resource<name>`` without data for every weight. The data stays in the
torch tensors, which `LoweredModel.resources` holds by the same names.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pumice.frontend.errors import FrontendError, check_memory
from pumice.frontend.export import (
    as_arguments,
    check_program,
    export_program,
    reject_random,
    reject_rankings,
)
from pumice.frontend.locations import LocationTable
from pumice.frontend.requirements import require_torch
from pumice.frontend.signature import Signature, signature_of
from pumice.frontend.silence import quiet
from pumice.frontend.state import StateSpec, updated_buffers
from pumice.frontend.torch_mlir import ENTRY, first_line, to_linalg

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram
    from torch.fx import Node

__all__ = [
    "Clock", "LoweredModel", "lower_exported", "lower_to_text", "resource_names", "state_of",
]  # fmt: skip

#: Where `quantize` leaves in a module's meta what calibration saw (`LoweredModel.calibration`).
CALIBRATION = "pumice_calibration"

# Operations of these dialects only exist inside torch-mlir.
_FOREIGN = re.compile(r"^\s*(?:%[\w:, %#]+ = )?\"?((?:torch|torch_c|tm_tensor)\.[\w.]+)", re.M)
_RESOURCE = re.compile(r'dense_resource<("?)([^">]+)\1>')


@dataclass
class LoweredModel:
    """A model as linalg text.

    Attributes:
        text: an MLIR module with one function `entry`; parses with MLIR 22.
        resources: contiguous CPU tensors, or arrays, by resource name; exactly the names in the
            text.
        entry: name of the function.
        signature: names, shapes and dtypes of inputs and the structure of outputs.
        timings: seconds by phase: export, decompose, torch_mlir, print.
        exported: the torch.export.ExportedProgram whose nodes the locations name.
        states: buffers that the model updates, in the order of the function's arguments, which
            they precede.
        calibration: scale, zero point, and fractions of values that became the least and the
            greatest quantized value, for each quantization (`#pum.calibration`).
    """

    text: str
    resources: dict[str, Any]
    entry: str
    signature: Signature
    timings: dict[str, float] = field(default_factory=dict)
    exported: Any = None
    states: tuple[StateSpec, ...] = ()
    calibration: tuple[tuple[float, int, float, float], ...] = ()


def lower_to_text(
    model: Any, example_inputs: Any = None, example_kwargs: Mapping[str, Any] | None = None
) -> LoweredModel:
    """Lowers a model to linalg on tensors.

    Args:
        model: an nn.Module (also one that PT2E converted) or an ExportedProgram.
        example_inputs: a tensor, a tuple of positional or a dict of keyword arguments; not
            needed for an ExportedProgram.
        example_kwargs: keyword arguments in addition to positional ones.

    Raises:
        FrontendError: see `export_program` and `check_program`; an op that torch-mlir cannot
            lower, with its source line.
    """
    require_torch("torch", "torch-mlir")
    clock = Clock()
    args, kwargs = as_arguments(example_inputs, example_kwargs)
    program = export_program(model, args, kwargs)
    check_program(program)
    clock.lap("export")
    lowered = lower_exported(program, clock)
    lowered.calibration = tuple(getattr(model, "meta", {}).get(CALIBRATION, ()))
    return lowered


def lower_exported(
    program: ExportedProgram, clock: Clock, state_names: Mapping[str, str] | None = None
) -> LoweredModel:
    """Lowers an exported program; `state_names` gives other names to parameters and buffers.

    Raises:
        FrontendError: as for `lower_to_text`.
    """
    import torch

    from pumice.frontend.constants import fold_constants, spread_tensors
    from pumice.frontend.normal_form import fold_empty_tensors, normalize_ops
    from pumice.frontend.signedness import widen_integers

    table = LocationTable()
    old_traces = table.tag(program.graph)
    try:
        # With gradients, a buffer that takes what is computed from parameters is not functional.
        with quiet(), torch.no_grad():
            decomposed = _decompose(program)
    except Exception as error:
        check_memory(error, "decompose the model")
        raise FrontendError(f"cannot decompose the model: {first_line(error)}") from error
    finally:
        table.restore(old_traces)
    check_program(decomposed, table)
    reject_random(decomposed, table)
    reject_rankings(decomposed, table)
    graph_module = decomposed.graph_module
    initial = _take_state(decomposed)
    names = _inline_state(decomposed, state_names)
    names.update(fold_constants(graph_module))
    fold_empty_tensors(graph_module, table)
    signature, updates = signature_of(decomposed)
    states = tuple(StateSpec(name, value, updates[name]) for name, value in initial.items())
    normalize_ops(graph_module)
    widen_integers(graph_module, table)
    spread_tensors(graph_module)
    clock.lap("decompose")

    text, resources = _run_torch_mlir(graph_module, names, table, clock)
    return LoweredModel(text, resources, ENTRY, signature, clock.laps, program, states)


#: torch-mlir gives these dynamic shapes; PyTorch's own decomposition is static.
_PYTORCH_DECOMPOSES = ("roll",)


def _decomposition_table() -> dict[Any, Any]:
    """torch-mlir's table, with more of PyTorch's own decompositions."""
    import torch
    from torch._decomp import get_decompositions
    from torch_mlir.extras.fx_decomp_util import get_decomposition_table

    from pumice.frontend.decompositions.undecomposed_ops import UNDECOMPOSED_OPS

    aten = torch.ops.aten
    more = get_decompositions([getattr(aten, name) for name in _PYTORCH_DECOMPOSES])
    ours = {**UNDECOMPOSED_OPS, aten.linear.default: _linear}
    return {**get_decomposition_table(), **more, **ours}


def _decompose(program: ExportedProgram) -> ExportedProgram:
    """Decomposes until no composite op of the table is left.

    `run_decompositions` has been seen to leave one in the graph, rarely.
    """
    from pumice.frontend.decompositions.first_of_sorted import rank_first_only

    table = _decomposition_table()
    program = program.run_decompositions(table)
    if rank_first_only(program.graph):
        program.graph_module.recompile()
        program = program.run_decompositions(table)
    for _ in range(2):
        if not any(_is_composite(node.target, table) for node in program.graph.nodes):
            break
        try:
            program = program.run_decompositions(table)
        except RuntimeError:
            break  # it does not take all of its own results; torch-mlir names what is left
    return program


def _is_composite(target: Any, table: Mapping[Any, Any]) -> bool:
    import torch

    key = torch._C.DispatchKey.CompositeImplicitAutograd
    return target in table and target.has_kernel_for_dispatch_key(key)


def _linear(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> Any:
    """One product with one matrix. PyTorch repeats the matrix if the rows are not contiguous."""
    import torch

    if weight.dim() != 2:
        return NotImplemented
    rows = input.reshape(input.shape[:-1].numel(), input.shape[-1])
    matrix = weight.t()
    product = torch.mm(rows, matrix) if bias is None else torch.addmm(bias, rows, matrix)
    return product.reshape(*input.shape[:-1], weight.shape[0])


class Clock:
    """Seconds between laps, by name."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Records the time since the last lap."""
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


def resource_names(text: str) -> list[str]:
    """Names of the resources in an MLIR text."""
    return sorted({match.group(2) for match in _RESOURCE.finditer(text)})


def state_of(program: ExportedProgram, name: str) -> Any:
    """A parameter, buffer (persistent or not) or lifted constant by its name."""
    if name in program.state_dict:
        return program.state_dict[name]
    if name in program.constants:
        return program.constants[name]
    raise FrontendError(f"the exported program has no value for '{name}'")


def _take_state(program: ExportedProgram) -> dict[str, torch.Tensor]:
    """The buffers that a program updates, in the order of their placeholders, and their values."""
    values: dict[str, torch.Tensor] = {}
    updated = updated_buffers(program)
    for node in program.graph.nodes:
        if node.op == "placeholder" and node.name in updated:
            name = updated[node.name]
            values[name] = state_of(program, name).detach().clone()
    return values


def _inline_state(
    program: ExportedProgram, state_names: Mapping[str, str] | None = None
) -> dict[int, str]:
    """Replaces lifted placeholders by attributes; returns the names by tensor identity.

    torch-mlir's own `import_frozen_program` does the same, but without non-persistent buffers.
    """
    import torch

    from pumice.frontend.constants import tensor_node

    signature, graph = program.graph_signature, program.graph
    lifted: dict[str, str] = {
        **signature.inputs_to_parameters,
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }
    for name in updated_buffers(program):
        del lifted[name]  # an argument
    names: dict[int, str] = {}
    taken: set[str] = set()
    for node in list(graph.nodes):
        if node.op != "placeholder" or node.name not in lifted:
            continue
        if not node.users:
            graph.erase_node(node)
            continue
        value = state_of(program, lifted[node.name])
        if not isinstance(value, torch.Tensor):
            raise FrontendError(f"expected a tensor for '{lifted[node.name]}', got {value!r}")
        if id(value) not in names:
            name = (state_names or {}).get(lifted[node.name]) or _resource_name(
                node, lifted[node.name]
            )
            while name in taken:
                name += "_"
            taken.add(name)
            names[id(value)] = name
        node.replace_all_uses_with(tensor_node(program.graph_module, node, value))
        graph.erase_node(node)
    return names


_ROLES = {
    "quantize_per_channel": ("weight", "weight_scale", "weight_zero_point"),
    "convolution": ("input", "weight", "bias"),
    "addmm": ("bias", "input", "weight"),
}


def _resource_name(node: Node, name: str) -> str:
    """The state's own name, or its role in its layer if PT2E gave it a meaningless name."""
    from pumice.frontend.locations import layer_path

    if "." in name or not re.match(r"_?(frozen_param|tensor_constant|scale|zero_point)", name):
        return name
    for user in node.users:
        path = layer_path(user)
        for target, roles in _ROLES.items():
            if path and target in str(user.target):
                place = list(user.args).index(node) if node in user.args else len(roles)
                if place < len(roles):
                    return f"{path}.{roles[place]}"
    return name


def _run_torch_mlir(
    graph_module: Any, names: dict[int, str], table: LocationTable, clock: Clock
) -> tuple[str, dict[str, torch.Tensor]]:
    """The text, and the tensors of the resources that it names.

    torch-mlir runs in a child: an abort of its becomes an error.
    """
    import torch
    import torch_mlir.dialects.torch
    import torch_mlir.extras.fx_importer
    import torch_mlir.passmanager  # noqa: F401 - here, not in each child

    from pumice.frontend.isolation import Crash, isolated
    from pumice.frontend.resources import contiguous, literals_of

    try:
        text, found, reasons = isolated(lambda: to_linalg(graph_module, names))
    except Crash as crash:
        raise _crashed(graph_module, table, str(crash)) from None
    if text is None:
        raise _unsupported(reasons, table)
    clock.lap("torch_mlir")
    # Printing no resource still prints an empty section.
    text = table.rewrite(_reject_foreign(text, table)).split("\n{-#", 1)[0]
    literals = literals_of(graph_module)
    resources = {}
    for name in resource_names(text):
        source = found[name]
        made_there = not isinstance(source, int)
        resources[name] = torch.from_numpy(source) if made_there else contiguous(literals[source])
    clock.lap("print")
    return text, resources


def _crashed(graph_module: Any, table: LocationTable, how: str) -> FrontendError:
    """Names the op on which torch-mlir crashes, by trying each op alone."""
    if "SIGKILL" in how:
        return FrontendError(
            "torch-mlir was ended by signal SIGKILL, expected a result: systems send it to what"
            " takes too much memory"
        )
    from pumice.frontend.isolation import Crash, isolated
    from pumice.frontend.resources import alone

    tried: set[Any] = set()
    for node in graph_module.graph.nodes:
        made = alone(node)
        if made is None or made[0] in tried:
            continue
        key, module = made
        tried.add(key)
        try:
            isolated(lambda module=module: to_linalg(module, {}), limit=20)  # type: ignore[misc]
        except Crash as crash:
            location = table.find(node.meta.get("stack_trace"))
            described = location.describe() if location else f"'{node.target}'"
            return FrontendError(
                f"op {described} is not supported: torch-mlir ends on it ({crash})",
                op=location.op if location else str(node.target),
                source=location.source if location else None,
            )
    return FrontendError(f"torch-mlir ends on the model ({how})")


def _unsupported(messages: list[str], table: LocationTable) -> FrontendError:
    """The error for torch-mlir's messages, the last of which is its exception."""
    reason = next((text for text in messages if "pumice-node-" in text), None)
    location = table.find(reason)
    detail = (reason or messages[0]).splitlines()[0]
    detail = re.sub(r'^loc\(.*?\): |^"?pumice-node-\d+"?:\d+:\d+: ', "", detail).rstrip(".")
    torch_op = re.search(r'name = "([\w.]+)"|(torch\.aten\.[\w.]+)', reason or "")
    if location is None:
        return FrontendError(f"torch-mlir cannot lower the model: {detail}")
    named = (torch_op.group(1) or torch_op.group(2)).removeprefix("torch.") if torch_op else ""
    hint = f" ({named})" if named and named not in location.op else ""
    return FrontendError(
        f"op {location.describe()} is not supported by torch-mlir{hint}: {detail}",
        op=location.op,
        source=location.source,
    )


def _reject_foreign(text: str, table: LocationTable) -> str:
    match = _FOREIGN.search(text)
    if match is None:
        return text
    aliases = dict(re.findall(r"^(#loc\d*) = (loc\(.*\))$", text, re.M))
    # The location closes the op, which may hold a region: take the first one that follows.
    used = re.search(r"^\s*\}.*loc\((#loc\d*)\)$|loc\((#loc\d*)\)$", text[match.start() :], re.M)
    alias = (used.group(1) or used.group(2)) if used else ""
    location = table.find(aliases.get(alias))
    if location is None:
        raise FrontendError(f"op '{match.group(1)}' of torch-mlir has no linalg form")
    raise FrontendError(
        f"op {location.describe()} has no linalg form ('{match.group(1)}' is left)",
        op=location.op,
        source=location.source,
    )
