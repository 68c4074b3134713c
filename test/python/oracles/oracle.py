# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An independent numpy oracle of models that PT2E has converted.

It walks the exported FX graph (aten and quantized_decomposed ops, before any decomposition) and
shares no code with the compiler. Integer tensors are integers: a layer between dequantize ops is

    acc[c] = sum_k (xq[k] - x_zp) * (wq[c, k] - w_zp[c])                       exact integers
    y[c]   = float32(acc[c]) * float32(float32(x_scale) * float32(w_scale[c])) + float32(bias[c])

with one rounding to float32 after the product and one after the sum. The float ops between layers
are float32, in the order of operations that torch-mlir's linalg has when its loops run in order:
- quantize: x / scale (a division), round half to even, + zero point, clamp to [min, max];
- average pooling, adaptive pooling, mean: the sum of the window, then one division by the number
  of its elements. Of codes: float32(sum of q - zero point, an exact integer) * float32(scale). Of
  other numbers: 0 + the elements in row-major order one after another;
- hardswish: (x * min(max(x + 3, 0), 6)) / 6.
PT2E's own emulation multiplies by 1 / scale and sums in another order, so it may differ by
one code.

With a `Crossbar` the sums are those of its arrays (array_oracle).
Transcendental functions are float64 rounded to float32: close to, but not a model of, any device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from array_oracle import Crossbar
from oracle_layers import (
    Array,
    Codes,
    float_layer,
    geometry_of,
    integer_layer,
    integer_product,
    plain,
    quantize,
    requantizable,
)
from oracle_ops import AVERAGES, FLOAT_OPS

__all__ = [
    "Agreement",
    "Crossbar",
    "OracleResult",
    "agreement",
    "compare_with_pt2e",
    "export",
    "run_oracle",
]


LAYERS = ("conv1d", "conv2d", "convolution", "conv_transpose1d", "conv_transpose2d", "linear")


@dataclass
class OracleResult:
    """What the oracle found.

    Attributes:
        codes: integer tensors by the name of the quantize node that makes them.
        accumulators: int64 sums by the name of the convolution or linear node.
        outputs: float or integer arrays, in the order of the exported program.
    """

    codes: dict[str, Array] = field(default_factory=dict)
    accumulators: dict[str, Array] = field(default_factory=dict)
    outputs: list[Any] = field(default_factory=list)

    @property
    def integers(self) -> dict[str, Array]:
        """All integer tensors by FX node name."""
        return {**self.codes, **self.accumulators}


def export(converted: Any, inputs: tuple[Any, ...]) -> Any:
    """The exported program that the node names of a result refer to."""
    import torch

    tensors = tuple(torch.as_tensor(value) for value in inputs)
    with torch.no_grad():
        return torch.export.export(converted, tensors, strict=False)


def run_oracle(
    converted: Any,
    inputs: tuple[Any, ...],
    *,
    array: Crossbar | None = None,
    products: Crossbar | None = None,
    keep: bool = True,
    program: Any = None,
    given: Mapping[str, Array] | None = None,
) -> OracleResult:
    """Computes a converted model on arrays or tensors.

    Args:
        converted: the GraphModule of convert_pt2e.
        inputs: positional inputs; their shapes are those of the exported graph.
        array: run integer layers on this array instead of exactly.
        products: the same for products of two activations.
        keep: keep integer tensors (False saves memory where only outputs matter).
        program: the result of `export`, if it is at hand.
        given: codes that quantize nodes of these names give, whatever their inputs are: those
            behind functions that are not exact here.
    """
    program = program or export(converted, inputs)
    signature = program.graph_signature
    state = {**program.state_dict, **program.constants}
    lifted = {
        **signature.inputs_to_parameters,
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }
    result = OracleResult()
    values: dict[Any, Any] = {}
    given = iter(np.asarray(value) for value in inputs)

    def resolve(arg: Any) -> Any:
        if type(arg).__name__ == "Node":
            return values[arg]
        if isinstance(arg, (list, tuple)):
            return [resolve(item) for item in arg]
        return arg

    last_use = {use: node for node in program.graph.nodes for use in node.all_input_nodes}
    for node in program.graph.nodes:
        if node.op == "placeholder":
            if node.name in lifted:
                values[node] = state[lifted[node.name]].detach().numpy()
            else:
                values[node] = next(given)
        elif node.op == "output":
            result.outputs = [plain(value) for value in resolve(node.args[0])]
        elif node.op == "call_function":
            args = [resolve(arg) for arg in node.args]
            kwargs = {key: resolve(arg) for key, arg in node.kwargs.items()}
            values[node] = _evaluate(node, args, kwargs, result, (array, products), keep)
            if given and node.name in given:
                values[node] = given[node.name]
        for use in node.all_input_nodes:
            if last_use[use] is node:
                del values[use]
    return result


def _evaluate(
    node: Any,
    args: list[Any],
    kwargs: dict[str, Any],
    result: OracleResult,
    arrays: tuple[Crossbar | None, Crossbar | None],
    keep: bool,
) -> Any:
    array, products = arrays
    name = str(node.target)
    if "dequantize_per_tensor" in name:
        bits = (int(args[4]) - int(args[3])).bit_length()
        return Codes(args[0], np.asarray(args[1]), np.asarray(args[2]), bits=bits)
    if "dequantize_per_channel" in name:
        return Codes(args[0], np.asarray(args[1]), np.asarray(args[2]), int(args[3]))
    if "quantize_per_tensor" in name:
        codes = quantize(plain(args[0]), args[1], args[2], args[3], args[4])
        if keep:
            result.codes[node.name] = codes
        return codes
    base = name.split(".")[1] if "." in name else name
    if base in LAYERS:
        names = ["input", "weight", "bias"]
        values = dict(zip(names, args, strict=False)) | kwargs
        x, weight, bias = values["input"], values["weight"], values.get("bias")
        geometry = geometry_of(base, args, kwargs, plain(weight).ndim - 2)
        if isinstance(x, Codes) and isinstance(weight, Codes):
            accumulator = integer_layer(x, weight, geometry, array)
            if keep:
                result.accumulators[node.name] = accumulator
            return requantizable(accumulator, x, weight, bias, base == "linear")
        return float_layer(plain(x), plain(weight), bias, geometry, base == "linear")
    factors = args[:2]
    if base in ("matmul", "bmm", "mm") and all(isinstance(value, Codes) for value in factors):
        accumulator = integer_product(factors[0], factors[1], products)
        if keep:
            result.accumulators[node.name] = accumulator
        scale = np.float32(factors[0].scale) * np.float32(factors[1].scale)
        return accumulator.astype(np.float32) * scale
    if base not in FLOAT_OPS:
        raise NotImplementedError(f"the oracle does not know {name} (node {node.name})")
    if base in AVERAGES and isinstance(args[0], Codes) and args[0].axis is None:
        return FLOAT_OPS[base](args[0].centred(), *args[1:], **kwargs, scale=args[0].scale)
    return FLOAT_OPS[base](*[_deep_plain(arg) for arg in args], **kwargs)


def _deep_plain(value: Any) -> Any:
    return [plain(item) for item in value] if isinstance(value, list) else plain(value)


@dataclass(frozen=True)
class Agreement:
    """How far two code tensors are apart: largest difference and fraction of equal codes."""

    largest: int
    equal: float
    count: int


def agreement(found: Array, expected: Array) -> Agreement:
    """Compares two integer arrays of one shape."""
    assert found.shape == expected.shape, f"{found.shape} is not {expected.shape}"
    difference = np.abs(found.astype(np.int64) - expected.astype(np.int64))
    return Agreement(
        int(difference.max(initial=0)), float((difference == 0).mean()), difference.size
    )


def compare_with_pt2e(
    converted: Any, inputs: tuple[Any, ...], codes: Mapping[str, Array], program: Any = None
) -> dict[str, Agreement]:
    """Per quantize node: PT2E's own emulation, fed these codes, against these codes.

    Each layer gets `codes` as inputs, so a difference in one layer does not spread to the next.
    """
    import torch

    program = program or export(converted, inputs)
    found: dict[str, Agreement] = {}

    class Teacher(torch.fx.Interpreter):
        def run_node(self, n: Any) -> Any:
            value = super().run_node(n)
            if "quantized_decomposed.quantize_per_tensor" not in str(n.target):
                return value
            expected = codes[n.name]
            found[n.name] = agreement(value.numpy(), expected)
            return torch.from_numpy(np.array(expected))

    tensors = [torch.as_tensor(np.asarray(value)) for value in inputs]
    with torch.no_grad():
        Teacher(program.module(check_guards=False)).run(*tensors)
    assert set(found) == set(codes), "the oracle and the module have different quantize nodes"
    return found
