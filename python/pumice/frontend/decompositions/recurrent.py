# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Recurrent layers as layers and elementwise ops, one time step after the other.

The products of a layer's input with its matrix are one `aten.linear` over all steps; those of the
state are one per step, with the same parameter. The equations are those that the documentation
of torch.nn.LSTM, GRU and RNN gives.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import GraphModule, Node

from pumice.frontend.decompositions.emitter import Emitter, arguments_of

__all__ = ["gru", "has_free_steps", "lstm", "rnn_relu", "rnn_tanh"]

_aten = torch.ops.aten

_RECURRENT = (
    _aten.lstm.input,
    _aten.gru.input,
    _aten.rnn_tanh.input,
    _aten.rnn_relu.input,
)

# The output of a step is the first of its states: h, or h and c.
States = tuple[Node, ...]


@dataclass
class _Cell:
    """Parameters of one layer in one direction; biases and projection may be missing."""

    input_weight: Node
    state_weight: Node
    input_bias: Node | None = None
    state_bias: Node | None = None
    projection: Node | None = None

    def from_state(self, call: Emitter, state: Node) -> Node:
        return call(_aten.linear.default, state, self.state_weight, self.state_bias)


# From what the input gives to a step's gates, and the states before, to those after.
_Step = Callable[[Emitter, _Cell, Node, States], States]


def lstm(node: Node) -> tuple[Node, ...] | None:
    """Output, h_n and c_n of aten.lstm."""
    return _unrolled(node, _lstm_step)


def gru(node: Node) -> tuple[Node, ...] | None:
    """Output and h_n of aten.gru."""
    return _unrolled(node, _gru_step)


def rnn_tanh(node: Node) -> tuple[Node, ...] | None:
    """Output and h_n of aten.rnn_tanh."""
    return _unrolled(node, _rnn_step(_aten.tanh.default))


def rnn_relu(node: Node) -> tuple[Node, ...] | None:
    """Output and h_n of aten.rnn_relu."""
    return _unrolled(node, _rnn_step(_aten.relu.default))


def has_free_steps(graph_module: GraphModule) -> bool:
    """A recurrent layer of this graph takes any number of steps, so it cannot be unrolled."""
    return any(
        node.target in _RECURRENT and not isinstance(_steps(node), int)
        for node in graph_module.graph.nodes
    )


def _steps(node: Node) -> Any:
    given = arguments_of(node)
    return given["input"].meta["val"].shape[1 if given["batch_first"] else 0]


def _unrolled(node: Node, step: _Step) -> tuple[Node, ...] | None:
    call, given = Emitter(node), arguments_of(node)
    steps = _steps(node)
    if not isinstance(steps, int) or (given["train"] and given["dropout"]):
        return None  # free, or random: refused later, by its name
    initial = given["hx"] if isinstance(given["hx"], (list, tuple)) else [given["hx"]]
    directions = 2 if given["bidirectional"] else 1
    cells = _cells(given, given["num_layers"] * directions)
    time = 1 if given["batch_first"] else 0
    sequence, last = given["input"], []
    for layer in range(given["num_layers"]):
        outputs = []
        for direction in range(directions):
            place = layer * directions + direction
            states = tuple(call(_aten.select.int, hx, 0, place) for hx in initial)
            order = range(steps) if direction == 0 else range(steps - 1, -1, -1)
            made, states = _run(call, step, cells[place], sequence, states, order, time)
            outputs.append(made)
            last.append(states)
        sequence = outputs[0] if len(outputs) == 1 else call(_aten.cat.default, outputs, 2)
    finals = [_stacked(call, list(states), 0) for states in zip(*last, strict=True)]
    return (sequence, *finals)


def _cells(given: dict[str, Any], count: int) -> list[_Cell]:
    """`params` holds, for each layer and direction: both matrices, both biases, the projection."""
    params, cells = given["params"], []
    each = len(params) // count
    for start in range(0, len(params), each):
        own = params[start : start + each]
        input_bias, state_bias = own[2:4] if given["has_biases"] else (None, None)
        projection = own[-1] if each in (3, 5) else None
        cells.append(_Cell(own[0], own[1], input_bias, state_bias, projection))
    return cells


def _run(
    call: Emitter,
    step: _Step,
    cell: _Cell,
    sequence: Node,
    states: States,
    order: range,
    time: int,
) -> tuple[Node, States]:
    """All outputs of one layer in one direction, and its last states."""
    gates = call(_aten.linear.default, sequence, cell.input_weight, cell.input_bias)
    outputs: list[Node] = [gates] * len(order)
    for place in order:
        states = step(call, cell, call(_aten.select.int, gates, time, place), states)
        outputs[place] = states[0]
    return _stacked(call, outputs, time), states


def _stacked(call: Emitter, nodes: list[Node], dim: int) -> Node:
    return call(_aten.cat.default, [call(_aten.unsqueeze.default, n, dim) for n in nodes], dim)


def _chunks(call: Emitter, node: Node, count: int) -> list[Node]:
    parts = call(_aten.chunk.default, node, count, -1)
    return [call(operator.getitem, parts, place) for place in range(count)]


def _lstm_step(call: Emitter, cell: _Cell, gates: Node, states: States) -> States:
    hidden, memory = states
    gates = call(_aten.add.Tensor, gates, cell.from_state(call, hidden))
    enter, forget, new, leave = _chunks(call, gates, 4)
    kept = call(_aten.mul.Tensor, call(_aten.sigmoid.default, forget), memory)
    entering = call(
        _aten.mul.Tensor, call(_aten.sigmoid.default, enter), call(_aten.tanh.default, new)
    )
    memory = call(_aten.add.Tensor, kept, entering)
    hidden = call(
        _aten.mul.Tensor, call(_aten.sigmoid.default, leave), call(_aten.tanh.default, memory)
    )
    if cell.projection is not None:
        hidden = call(_aten.linear.default, hidden, cell.projection)
    return hidden, memory


def _gru_step(call: Emitter, cell: _Cell, gates: Node, states: States) -> States:
    (hidden,) = states
    reset, update, new = _chunks(call, gates, 3)
    own_reset, own_update, own_new = _chunks(call, cell.from_state(call, hidden), 3)
    reset = call(_aten.sigmoid.default, call(_aten.add.Tensor, reset, own_reset))
    update = call(_aten.sigmoid.default, call(_aten.add.Tensor, update, own_update))
    kept = call(_aten.mul.Tensor, reset, own_new)
    new = call(_aten.tanh.default, call(_aten.add.Tensor, new, kept))
    # (1 - update) new + update hidden
    change = call(_aten.mul.Tensor, update, call(_aten.sub.Tensor, hidden, new))
    return (call(_aten.add.Tensor, new, change),)


def _rnn_step(function: Any) -> _Step:
    def step(call: Emitter, cell: _Cell, gates: Node, states: States) -> States:
        added = call(_aten.add.Tensor, gates, cell.from_state(call, states[0]))
        return (call(function, added),)

    return step
