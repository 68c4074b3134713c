# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nonlinear functions in training, computed by the nets and tables of the compiled program."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.fx import GraphModule, Node

from pumice.frontend.locations import module_path
from pumice.interrupts import interruptible
from pumice.training.layer import instead

__all__ = ["MachineFunction", "Net", "attach_nets", "function_modules", "replace_functions"]

_aten = torch.ops.aten


class Net:
    """A net or table of a machine program, as its runs compute it.

    Args:
        text: its op, as MLIR.
        threads: to compute with.
    """

    def __init__(self, text: str, threads: int) -> None:
        from pumice import ir
        from pumice._mlir_libs import _pumice

        self._text, self._threads = text, threads
        module = ir.Module.parse(f"module {{\n{text}\n}}", ir.Context())
        symbol = module.body.operations[0].attributes["sym_name"].value
        self._function = _pumice.Function(module, symbol)

    def __call__(self, x: Tensor) -> Tensor:
        """The function of each number."""
        numbers = np.ascontiguousarray(x.detach().float().cpu().numpy()).reshape(-1)
        values = np.empty_like(numbers)
        interruptible(self._function.apply, numbers, values, self._threads)
        return torch.from_numpy(values).reshape(x.shape).to(x)

    def __deepcopy__(self, memo: Any) -> Net:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Net, (self._text, self._threads)


#: Functions of one number by their kind, a net, or the exact one without a net.
Nets = Callable[[str, Tensor], Tensor]
_Composition = Callable[..., Tensor]

_EXACT: dict[str, Callable[[Tensor], Tensor]] = {
    "exp": torch.exp, "log": torch.log, "power": torch.square, "reciprocal": torch.reciprocal,
    "rsqrt": torch.rsqrt, "sqrt": torch.sqrt,
}  # fmt: skip


# ---- functions of vectors: the arithmetic of decompose-nonlinear ---------------------------------


def _sum(x: Tensor, axis: int) -> Tensor:
    """One after the other, as the digital unit adds."""
    sums = np.add.accumulate(x.numpy(), axis=axis, dtype=x.numpy().dtype)
    return torch.from_numpy(sums).narrow(axis, x.shape[axis] - 1, 1)


def _softmax(nets: Nets, x: Tensor, dim: int, dtype: Any = None) -> Tensor:
    powers = nets("exp", x - x.amax(dim, keepdim=True))
    return powers * nets("reciprocal", _sum(powers, dim))


def _log_softmax(nets: Nets, x: Tensor, dim: int, dtype: Any = None) -> Tensor:
    below = x - x.amax(dim, keepdim=True)
    return below - nets("log", _sum(nets("exp", below), dim))


def _variance(rows: Tensor) -> Tensor:
    """Of the last dimension."""
    wide, count = rows.double(), rows.shape[-1]
    return (_sum((wide - _sum(wide, -1) / count).square(), -1) / count).float()


def _layer_norm(
    nets: Nets, x: Tensor, shape: list[int], weight: Any = None, bias: Any = None,
    eps: float = 1e-5, cudnn: bool = False,
) -> Tensor:  # fmt: skip
    rows = x.flatten(-len(shape))
    inverse = nets("rsqrt", _variance(rows) + eps)
    y = ((rows - _sum(rows, -1) / rows.shape[-1]) * inverse).reshape(x.shape)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _rms_norm(
    nets: Nets, x: Tensor, shape: list[int], weight: Any = None, eps: float | None = None
) -> Tensor:
    rows = x.flatten(-len(shape))
    mean = _sum(rows * rows, -1) / rows.shape[-1]
    y = (rows * nets("rsqrt", mean if eps is None else mean + eps)).reshape(x.shape)
    return y if weight is None else y * weight


def _group_norm(
    nets: Nets, x: Tensor, groups: int, weight: Any = None, bias: Any = None,
    eps: float = 1e-5, cudnn: bool = False,
) -> Tensor:  # fmt: skip
    rows = x.reshape(len(x), groups, -1)
    inverse = nets("rsqrt", _variance(rows) + eps)
    mean = _sum(rows, -1) / rows.shape[-1]
    shape = (len(x), x.shape[1], *[1] * (x.dim() - 2))
    per_channel = [1, -1, *[1] * (x.dim() - 2)]
    scale, mean = (
        value.expand(-1, -1, x.shape[1] // groups).reshape(shape) for value in (inverse, mean)
    )
    scale = scale if weight is None else scale * weight.reshape(per_channel)
    shift = -mean * scale
    return x * scale + (shift if bias is None else shift + bias.reshape(per_channel))


def _vector_norm(
    nets: Nets,
    x: Tensor,
    order: float = 2,
    dim: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
) -> Tensor:
    dims = [dim] if isinstance(dim, int) else list(dim or range(x.dim()))
    squares = nets("power", x.abs())
    for axis in dims:
        squares = _sum(squares, axis)
    y = nets("sqrt", squares)
    return y if keepdim else y.squeeze(dims)


def _quotient(nets: Nets, a: Tensor, b: Tensor) -> Tensor:
    return a * nets("reciprocal", b)


#: Functions of vectors by their op, and what they are composed of.
_COMPOSED: dict[str, tuple[_Composition, frozenset[str]]] = {
    "softmax": (_softmax, frozenset({"exp", "reciprocal"})),
    "log_softmax": (_log_softmax, frozenset({"exp", "log"})),
    "layer_norm": (_layer_norm, frozenset({"rsqrt", "sqrt", "reciprocal"})),
    "rms_norm": (_rms_norm, frozenset({"rsqrt", "sqrt", "reciprocal"})),
    "group_norm": (_group_norm, frozenset({"rsqrt", "sqrt", "reciprocal"})),
    "linalg_vector_norm": (_vector_norm, frozenset({"power", "sqrt"})),
    "div": (_quotient, frozenset({"reciprocal"})),
}
#: Functions of one number by their op, and the kinds of regions that are this op alone.
_SCALAR: dict[str, frozenset[str]] = {
    "gelu": frozenset({"gelu", "gelu_tanh"}),
    "hardsigmoid": frozenset({"hard_sigmoid"}),
    "hardswish": frozenset({"hard_swish"}),
    "pow": frozenset({"power", "reciprocal", "rsqrt", "sqrt"}),
    "sqrt": frozenset({"power", "sqrt"}),
    "rsqrt": frozenset({"power", "rsqrt"}),
    **{op: frozenset({op}) for op in (
        "elu", "erf", "exp", "leaky_relu", "log", "log_sigmoid", "mish", "reciprocal", "sigmoid",
        "silu", "softplus", "tanh",
    )},
}  # fmt: skip


class MachineFunction(nn.Module):
    """A nonlinear function of an exported graph, called with its arguments.

    Forwards it has the values of the program's nets, backwards its own gradient.

    Attributes:
        name: path of its module and its name in the graph.
        target: its op.
        node: name of the graph node.
        nets: by the kind of what they compute; none: the function itself is computed.
    """

    def __init__(self, name: str, target: Any, node: str) -> None:
        super().__init__()
        self.name, self.target, self.node = name, target, node
        self.nets: dict[str, Net] = {}

    @property
    def op(self) -> str:
        """Name of the op without overload."""
        return op_of(self.target)

    def takes(self, kind: str) -> bool:
        """Whether nets of a kind can be a part of the function."""
        return kind in (_SCALAR[self.op] if self.op in _SCALAR else _COMPOSED[self.op][1])

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        """The function's result."""
        value = None
        if self.nets:
            with torch.no_grad():  # before the function, which may change its argument in place
                value = self._value(*args, **kwargs)
        smooth: Tensor = self.target(*args, **kwargs)
        return smooth if value is None else instead(smooth, value.to(smooth.dtype))

    def _value(self, *args: Any, **kwargs: Any) -> Tensor:
        if self.op in _SCALAR:
            (net,) = self.nets.values()
            return net(args[0])
        composed: Tensor = _COMPOSED[self.op][0](self._part, *args, **kwargs)
        return composed

    def _part(self, kind: str, x: Tensor) -> Tensor:
        if kind == "rsqrt" and kind not in self.nets and self.nets:
            return self._part("reciprocal", self._part("sqrt", x))
        found = self.nets.get(kind)
        return _EXACT[kind](x) if found is None else found(x)


def op_of(target: Any) -> str:
    """Name of an op, the same for its overloads and for the one that works in place."""
    schema = getattr(target, "_schema", None)
    return "" if schema is None else schema.name.split("::")[-1].strip("_")


def _is_function(node: Node) -> bool:
    op = op_of(node.target) if node.op == "call_function" else ""
    if op == "div":
        return all(isinstance(factor, Node) for factor in node.args) and not node.kwargs
    if op == "linalg_vector_norm":
        return node.args[1:2] in ((), (2,), (2.0,))
    return op in _COMPOSED or op in _SCALAR


def replace_functions(model: GraphModule) -> list[MachineFunction]:
    """Replaces the nonlinear functions of a prepared graph by modules."""
    found: list[MachineFunction] = []
    for node in list(model.graph.nodes):
        if not _is_function(node):
            continue
        path = module_path(node)
        name = f"{path}.{node.name}" if path else node.name
        function = MachineFunction(name, node.target, node.name)
        place = f"function_{len(found)}"
        model.add_submodule(place, function)
        with model.graph.inserting_before(node):
            call = model.graph.call_module(place, node.args, node.kwargs)
        call.meta = dict(node.meta)
        node.replace_all_uses_with(call)
        model.graph.erase_node(node)
        found.append(function)
    model.recompile()
    return found


def function_modules(model: GraphModule) -> dict[Node, MachineFunction]:
    """The functions of a graph by their nodes, in order."""
    modules = dict(model.named_modules(remove_duplicate=False))
    found = {
        node: modules[str(node.target)] for node in model.graph.nodes if node.op == "call_module"
    }
    return {node: item for node, item in found.items() if isinstance(item, MachineFunction)}


def attach_nets(model: GraphModule, program: Any, threads: int) -> list[str]:
    """Gives each function of a graph its nets of the program that was compiled of the graph.

    A region of several nodes has its nets at the last one; those that this node has no use for are
    those of the nodes before it.

    Returns:
        Names of functions whose nets belong to no node: training computes them exactly.
    """
    from pumice._mlir_libs import _pumice

    module = program.module("simulator")
    texts = {
        op.attributes["sym_name"].value: str(op)
        for op in module.body.operations
        if "sym_name" in op.attributes
    }
    nets: dict[str, Net] = {}
    applied: dict[str, dict[str, Net]] = defaultdict(dict)
    layers: dict[str, str] = {}
    for record in json.loads(_pumice.module_functions(module)):
        name, kind, symbol = record["node"], record["kind"], record["function"]
        if symbol not in nets:
            nets[symbol] = Net(texts[symbol], threads)
        if kind == "power" and float(nets[symbol](torch.tensor(4.0))) < 4:
            kind = "sqrt"
        applied[name].setdefault(kind, nets[symbol])
        layers[name] = record["layer"]
    functions = list(function_modules(model).values())
    for function in functions:
        function.nets = {}
    by_node = _by_exported_node(functions, program.exported)
    nodes = {node.name: node for node in program.exported.graph.nodes}
    without: list[str] = []
    for name, rest in applied.items():
        last = nodes.get(name)
        first = by_node.get(last) if last is not None else None
        if first is not None and first.op in _SCALAR and len(rest) > 1:
            last = None  # a part of something else
        for node in [] if last is None else _with_sources(last):
            part = by_node.get(node)
            if part is None or part.nets:
                continue
            if part.op in _SCALAR.keys() - _EXACT.keys() and part is not first:
                continue
            for kind in [kind for kind in rest if part.takes(kind)]:
                part.nets[kind] = rest.pop(kind)
        if rest:
            layer = layers[name]
            without.append(f"{layer}.{name}" if layer and layer != name else name)
    return without


#: Nodes before a function in which its region may begin.
_REACH = 8


def _with_sources(node: Node) -> Iterable[Node]:
    """A node and those before it, the nearest first."""
    seen = [node]
    for place in range(_REACH):
        if place < len(seen):
            seen += [source for source in seen[place].all_input_nodes if source not in seen]
    return seen


def _by_exported_node(
    functions: list[MachineFunction], exported: Any
) -> dict[Node, MachineFunction]:
    """Functions by their nodes in the program's graph: its export numbers nodes anew."""
    here: dict[str, list[MachineFunction]] = defaultdict(list)
    there: dict[str, list[Node]] = defaultdict(list)
    for function in functions:
        here[function.op].append(function)
    for node in exported.graph.nodes:
        if _is_function(node):
            there[op_of(node.target)].append(node)
    return {
        node: function
        for op, found in here.items()
        if len(found) == len(there[op])
        for function, node in zip(found, there[op], strict=True)
    }
