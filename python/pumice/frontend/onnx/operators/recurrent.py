# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""RNN, GRU and LSTM, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from pumice.frontend.onnx.operators.nodes import NodeCall, operator

__all__: list[str] = []

Function = Callable[[Tensor], Tensor]


def _activation(call: NodeCall, name: str, alpha: float | None, beta: float | None) -> Function:
    def of(value: float | None, default: float) -> float:
        return default if value is None else value

    known: dict[str, Function] = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "affine": lambda x: of(alpha, 1.0) * x + of(beta, 0.0),
        "leakyrelu": lambda x: F.leaky_relu(x, of(alpha, 0.01)),
        "thresholdedrelu": lambda x: torch.where(x > of(alpha, 1.0), x, 0.0),
        "scaledtanh": lambda x: of(alpha, 1.0) * torch.tanh(of(beta, 1.0) * x),
        "hardsigmoid": lambda x: torch.clamp(of(alpha, 0.2) * x + of(beta, 0.5), 0, 1),
        "elu": lambda x: F.elu(x, of(alpha, 1.0)),
        "softsign": lambda x: x / (1 + x.abs()),
        "softplus": F.softplus,
    }
    if name.lower() not in known:
        raise call.unsupported("activations", name)
    return known[name.lower()]


#: Those that take one or two numbers from the lists of alphas and betas.
_WITH_ALPHA = ("affine", "leakyrelu", "thresholdedrelu", "scaledtanh", "hardsigmoid", "elu")
_WITH_BETA = ("affine", "scaledtanh", "hardsigmoid")


class _Layer:
    """What the three operators have in common: attributes, directions, lengths."""

    def __init__(self, call: NodeCall, x: Tensor, gates: int, activations: list[str]) -> None:
        self.call = call
        direction = call.expect("direction", "forward", "reverse", "bidirectional")
        self.backward = {
            "forward": [False], "reverse": [True], "bidirectional": [False, True]
        }[direction]  # fmt: skip
        self.batch_first = bool(call.attribute("layout", 0))
        call.attribute("output_sequence", 0)  # before opset 7: whether the first result is used
        self.x = x.transpose(0, 1) if self.batch_first else x
        self.steps, self.batch = self.x.shape[:2]
        self.clip = call.attribute("clip")
        self.gates = gates
        count = len(self.backward)
        names = call.attribute("activations") or activations * count
        names = [name.decode() if isinstance(name, bytes) else name for name in names]
        if len(names) != len(activations) * count:
            raise call.unsupported("activations", names)
        alphas = list(call.attribute("activation_alpha") or [])
        betas = list(call.attribute("activation_beta") or [])
        functions = []
        for name in names:
            takes = name.lower()
            alpha = alphas.pop(0) if alphas and takes in _WITH_ALPHA else None
            beta = betas.pop(0) if betas and takes in _WITH_BETA else None
            functions.append(_activation(call, name, alpha, beta))
        each = len(activations)
        self.functions = [functions[i * each : (i + 1) * each] for i in range(count)]

    def check_width(self, recurrent: Tensor) -> int:
        width = recurrent.shape[-1]
        given = self.call.attribute("hidden_size", width)
        if given != width:
            raise self.call.error(f"expected hidden_size {width} as in the weights, got {given}")
        return width

    def clipped(self, x: Tensor) -> Tensor:
        return x if not self.clip else torch.clamp(x, -self.clip, self.clip)

    def start(self, state: Tensor | None, direction: int, width: int) -> Tensor:
        if state is None:
            return torch.zeros((self.batch, width), dtype=self.x.dtype)
        return state[:, direction] if self.batch_first else state[direction]

    def run(
        self,
        direction: int,
        lengths: Tensor | None,
        states: tuple[Tensor, ...],
        step: Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, ...]],
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """All results (steps, batch, width), and the states behind the last step."""
        places = range(self.steps)
        results: list[Any] = [None] * self.steps
        for place in reversed(places) if self.backward[direction] else places:
            new = step(self.x[place], states)
            output = new[0]
            if lengths is not None:
                runs = (lengths > place).unsqueeze(-1)
                output = torch.where(runs, output, torch.zeros((), dtype=output.dtype))
                new = tuple(torch.where(runs, a, b) for a, b in zip(new, states, strict=True))
            states, results[place] = new, output
        return torch.stack(results), states

    def results(self, outputs: list[Tensor], *states: list[Tensor]) -> tuple[Tensor, ...]:
        """Y (steps, directions, batch, width) and the last states, in the layout asked for."""
        whole = torch.stack(outputs, 1)
        last = [torch.stack(state) for state in states]
        if self.batch_first:
            return whole.permute(2, 0, 1, 3), *(state.transpose(0, 1) for state in last)
        return whole, *last


def _biases(bias: Tensor | None, direction: int, size: int) -> tuple[Any, Any]:
    if bias is None:
        return None, None
    return bias[direction, :size], bias[direction, size:]


@operator("RNN")
def _rnn(
    call: NodeCall,
    x: Tensor,
    weight: Tensor,
    recurrent: Tensor,
    bias: Tensor | None = None,
    lengths: Tensor | None = None,
    initial: Tensor | None = None,
) -> Any:
    layer = _Layer(call, x, 1, ["Tanh"])
    width = layer.check_width(recurrent)
    outputs, hidden = [], []
    for direction in range(len(layer.backward)):
        of_input, of_state = _biases(bias, direction, width)
        (activation,) = layer.functions[direction]

        def step(
            row: Tensor,
            states: tuple[Tensor, ...],
            direction: int = direction,
            biases: Any = (of_input, of_state),
            activation: Function = activation,
        ) -> tuple[Tensor, ...]:
            total = F.linear(row, weight[direction], biases[0])
            total = total + F.linear(states[0], recurrent[direction], biases[1])
            return (activation(layer.clipped(total)),)

        whole, (last,) = layer.run(
            direction, lengths, (layer.start(initial, direction, width),), step
        )
        outputs.append(whole)
        hidden.append(last)
    return layer.results(outputs, hidden)


@operator("GRU")
def _gru(
    call: NodeCall,
    x: Tensor,
    weight: Tensor,
    recurrent: Tensor,
    bias: Tensor | None = None,
    lengths: Tensor | None = None,
    initial: Tensor | None = None,
) -> Any:
    layer = _Layer(call, x, 3, ["Sigmoid", "Tanh"])
    width = layer.check_width(recurrent)
    behind = bool(call.attribute("linear_before_reset", 0))
    outputs, hidden = [], []
    for direction in range(len(layer.backward)):
        biases = _biases(bias, direction, 3 * width)
        first, second = layer.functions[direction]

        def step(
            row: Tensor,
            states: tuple[Tensor, ...],
            direction: int = direction,
            biases: Any = biases,
            first: Function = first,
            second: Function = second,
        ) -> tuple[Tensor, ...]:
            (state,) = states
            inputs = F.linear(row, weight[direction], biases[0])
            matrix, offset = recurrent[direction], biases[1]
            gates = F.linear(
                state, matrix[: 2 * width], None if offset is None else offset[: 2 * width]
            )
            update, reset = torch.split(
                first(layer.clipped(inputs[:, : 2 * width] + gates)), width, 1
            )
            last = None if offset is None else offset[2 * width :]
            if behind:
                candidate = reset * F.linear(state, matrix[2 * width :], last)
            else:
                candidate = F.linear(reset * state, matrix[2 * width :], last)
            candidate = second(layer.clipped(inputs[:, 2 * width :] + candidate))
            return ((1 - update) * candidate + update * state,)

        whole, (end,) = layer.run(
            direction, lengths, (layer.start(initial, direction, width),), step
        )
        outputs.append(whole)
        hidden.append(end)
    return layer.results(outputs, hidden)


@operator("LSTM")
def _lstm(
    call: NodeCall,
    x: Tensor,
    weight: Tensor,
    recurrent: Tensor,
    bias: Tensor | None = None,
    lengths: Tensor | None = None,
    initial: Tensor | None = None,
    initial_cell: Tensor | None = None,
    peepholes: Tensor | None = None,
) -> Any:
    layer = _Layer(call, x, 4, ["Sigmoid", "Tanh", "Tanh"])
    width = layer.check_width(recurrent)
    coupled = bool(call.attribute("input_forget", 0))
    outputs, hidden, cells = [], [], []
    for direction in range(len(layer.backward)):
        biases = _biases(bias, direction, 4 * width)
        looks = None if peepholes is None else torch.split(peepholes[direction], width)

        def step(
            row: Tensor,
            states: tuple[Tensor, ...],
            direction: int = direction,
            biases: Any = biases,
            looks: Any = looks,
            functions: list[Function] = layer.functions[direction],
        ) -> tuple[Tensor, ...]:
            state, cell = states
            first, second, third = functions
            gates = F.linear(row, weight[direction], biases[0])
            gates = gates + F.linear(state, recurrent[direction], biases[1])
            enter, leave, forget, candidate = torch.split(gates, width, 1)
            if looks is not None:
                enter, forget = enter + looks[0] * cell, forget + looks[2] * cell
            enter = first(layer.clipped(enter))
            forget = 1 - enter if coupled else first(layer.clipped(forget))
            cell = forget * cell + enter * second(layer.clipped(candidate))
            if looks is not None:
                leave = leave + looks[1] * cell
            return first(layer.clipped(leave)) * third(cell), cell

        states = (
            layer.start(initial, direction, width), layer.start(initial_cell, direction, width)
        )  # fmt: skip
        whole, (end, cell) = layer.run(direction, lengths, states, step)
        outputs.append(whole)
        hidden.append(end)
        cells.append(cell)
    return layer.results(outputs, hidden, cells)
