# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which tensors of a machine program are outputs of which graph nodes, read from the program.

A buffer carries the location of what it is for. That does not make it the output of the graph node
of that name: it may be an intermediate of a node that PyTorch calls one operation (the exponentials
of a softmax), or a copy. So the digital functions are read as well:

- the value is that of the operation that computes the function's result, seen through reshapes;
- it is the node's output if no function that reads the buffer goes on with the same node.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["MachineTensor", "Place", "machine_tensors", "operations_of", "place_of"]

_RESHAPES = ("tensor.expand_shape", "tensor.collapse_shape", "tensor.reshape", "tensor.cast")
# What compilers share between nodes, or what only frames a computation.
_QUIET = ("tensor.empty", "linalg.fill", "arith.constant", "func.return")
_NEUTRAL = (*_RESHAPES, *_QUIET, "linalg.yield", "func.func")


@dataclass(frozen=True)
class Place:
    """Where an operation comes from, as its location says.

    Attributes:
        node: name of the graph node.
        layer: path of the module of the PyTorch model, or "".
        source: "file:line" of the user's code, or None.
    """

    node: str
    layer: str = ""
    source: str | None = None


@dataclass(frozen=True)
class MachineTensor:
    """A tensor that a run computes.

    Attributes:
        name: what the run calls it.
        kind: "sums" of a layer's arrays, "values" of the digital unit, or "copy".
        shape, element: of the buffer; the element type as MLIR writes it ("i8", "f32").
        places: of the nodes whose output it is, up to reshapes; none for an intermediate.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    element: str
    places: tuple[Place, ...] = ()


def place_of(location: Any) -> Place | None:
    """The first named part of a location (pumice.ir.Location)."""
    if location.is_a_name():
        name, inner = str(location.name_str), location.child_loc
        if inner.is_a_name():
            return Place(str(inner.name_str), name, _source_of(inner.child_loc))
        return Place(name, "", _source_of(inner))
    if location.is_a_fused():
        found = (place_of(part) for part in location.locations)
        return next((place for place in found if place is not None), None)
    if location.is_a_callsite():
        return place_of(location.callee) or place_of(location.caller)
    return None


def _source_of(location: Any) -> str | None:
    return f"{location.filename}:{location.start_line}" if location.is_a_file() else None


def _node_of(operation: Any) -> str | None:
    place = place_of(operation.location)
    return place.node if place else None


def operations_of(module: Any, nodes: set[str]) -> list[Any]:
    """The outermost operations that belong to graph nodes."""
    from pumice import ir

    found = []

    def visit(operation: Any) -> Any:
        if operation.name in ("builtin.module", "func.func"):
            return ir.WalkResult.ADVANCE
        if operation.name not in _QUIET and _node_of(operation) in nodes:
            found.append(operation)
        return ir.WalkResult.SKIP

    module.operation.walk(visit, ir.WalkOrder.PRE_ORDER)
    return found


def _walk(operation: Any) -> list[Any]:
    """An operation and all in it, outermost first; as plain operations, which load no dialect."""
    from pumice import ir

    found: list[Any] = []

    def visit(inner: Any) -> Any:
        found.append(inner)
        return ir.WalkResult.ADVANCE

    operation.walk(visit, ir.WalkOrder.PRE_ORDER)
    return found


@dataclass
class _Buffer:
    name: str
    kind: str
    places: list[Place]
    shape: tuple[int, ...]
    element: str
    # Instructions that read it, and as which of their operands.
    readers: list[tuple[Any, int]] = field(default_factory=list)
    copies: list[_Buffer] = field(default_factory=list)


def machine_tensors(module: Any) -> list[MachineTensor]:
    """The tensors of a run, in order.

    Args:
        module: pumice.ir.Module of a machine program.
    """
    functions = {
        str(op.attributes["sym_name"]).strip('"'): op
        for op in _walk(module.operation)
        if op.name == "func.func"
    }
    entry = next(op for op in functions.values() if "sym_visibility" not in op.attributes)
    reader = _Reader(functions)
    for operation in _walk(entry):
        reader.read(operation)
    return [reader.tensor(buffer) for buffer in reader.order]


class _Reader:
    def __init__(self, functions: dict[str, Any]) -> None:
        self.order: list[_Buffer] = []
        self._functions = functions
        self._fresh: dict[Any, Any] = {}  # allocated, not written yet
        self._written: dict[Any, _Buffer] = {}
        self._nodes: dict[str, set[str]] = {}

    def read(self, operation: Any) -> None:
        """Takes an instruction of the entry function."""
        if operation.name == "simulator.buffer":
            self._fresh[operation.results[0]] = operation
            return
        operands = list(operation.operands)
        if not operation.name.startswith("simulator."):
            return
        written = [value for value in operands if value in self._fresh]
        for index, value in enumerate(operands):
            if value in self._written:
                self._written[value].readers.append((operation, index))
        for position, value in enumerate(written):
            buffer = self._buffer(operation, self._fresh.pop(value), operands, position)
            self._written[value] = buffer
            self.order.append(buffer)

    def _buffer(self, operation: Any, memory: Any, operands: list[Any], position: int) -> _Buffer:
        place = place_of(memory.location)
        kept = memory.results[0].type
        kind = {"simulator.transfer": "copy", "simulator.digital": "values"}.get(
            operation.name, "sums"
        )
        places: list[Place] = []
        if kind == "values":
            function = self._functions[str(operation.attributes["callee"]).removeprefix("@")]
            places = self._places(function, operands, position)
        elif kind == "sums" and place is not None:
            places = [place]
        name = place.node if place else ""
        buffer = _Buffer(name, kind, places, tuple(kept.shape), str(kept.element_type))
        if kind == "copy" and operands[0] in self._written:
            self._written[operands[0]].copies.append(buffer)
        return buffer

    def _places(self, function: Any, operands: list[Any], position: int) -> list[Place]:
        """Places of what computes a result of a function, the last operation first."""
        body = _walk(function)
        # Not `value.owner`: that would load the dialect's Python.
        owners = {result: op for op in body for result in op.results}
        value = next(op for op in body if op.name == "func.return").operands[position]
        around: list[Any] = []
        while (owner := owners.get(value)) is not None and owner.name in _RESHAPES:
            around.append(owner.location)
            value = owner.operands[0]
        found: list[Place | None] = []
        if owner is None:  # the function only reshapes a parameter
            known = self._written.get(operands[value.arg_number])
            found += known.places if known else []
        else:
            found.append(place_of(owner.location))
        found += [place_of(location) for location in reversed(around)]
        return list(dict.fromkeys(place for place in found if place is not None))

    def tensor(self, buffer: _Buffer) -> MachineTensor:
        """What a buffer holds, once all its readers are known."""
        places = buffer.places
        if buffer.kind == "values":
            places = [place for place in places if not self._goes_on(buffer, place.node)]
        return MachineTensor(buffer.name, buffer.kind, buffer.shape, buffer.element, tuple(places))

    def _goes_on(self, buffer: _Buffer, node: str) -> bool:
        """True if a reader of the buffer computes more of the node."""
        for operation, _ in buffer.readers:
            if operation.name == "simulator.digital":
                name = str(operation.attributes["callee"]).removeprefix("@")
                if node in self._nodes_of(name):
                    return True
            elif operation.name != "simulator.transfer" and _node_of(operation) == node:
                return True
        return any(self._goes_on(copy, node) for copy in buffer.copies)

    def _nodes_of(self, function: str) -> set[str]:
        if function not in self._nodes:
            places = (
                _node_of(op) for op in _walk(self._functions[function]) if op.name not in _NEUTRAL
            )
            self._nodes[function] = {node for node in places if node is not None}
        return self._nodes[function]
