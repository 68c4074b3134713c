# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An independent numpy oracle of models that PT2E has converted.

It walks the exported FX graph (aten and quantized_decomposed ops, before any decomposition) and
shares no code with the compiler. Integer tensors are integers: a layer between dequantize ops is

    acc[c] = sum_k (xq[k] - x_zp) * (wq[c, k] - w_zp[c])                       exact integers
    y[c]   = float32(acc[c]) * float32(float32(x_scale) * float32(w_scale[c])) + float32(bias[c])

with one rounding to float32 after the product and one after the sum. The float ops between layers
are float32, in the order of operations that torch-mlir's linalg has when its loops run in order:
- quantize: x / scale (a division), round half to even, + zero point, clamp to [min, max];
- average pooling, adaptive pooling, mean: 0 + the window's elements in row-major order one after
  another, then one division by their number (linalg.pooling_nchw_sum or a reduction, then divf);
- hardswish: (x * min(max(x + 3, 0), 6)) / 6.
PT2E's own emulation multiplies by 1 / scale and sums in another order, so it may differ by one code.

With an `ArraySpec` the sums go through arrays of limited rows and a clipping ADC (offset encoding).
Transcendental functions are float64 rounded to float32: close to, but not a model of, any device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
F32 = np.float32


@dataclass(frozen=True)
class ArraySpec:
    """A crossbar with offset encoding, literally: every conversion is a clip.

    Rows of an array are the flattened (input channel, kernel y, kernel x) index of a group, cut in
    tiles of `rows`. Padding is the input's zero-point code. Bits must divide as design 5 says.
    """

    rows: int = 128
    cell_bits: int = 2
    weight_bits: int = 8
    input_bits: int = 8
    dac_bits: int = 1
    adc_bits: int | None = 8


@dataclass
class Codes:
    """Integers with their affine meaning (q - zero_point) * scale; per channel along `axis`."""

    q: Array
    scale: Array
    zero_point: Array
    axis: int | None = None

    def centred(self) -> Array:
        """q - zero point, int64."""
        return self.q.astype(np.int64) - self._along(self.zero_point.astype(np.int64))

    def real(self) -> Array:
        """float32(q - zero point) * float32(scale)."""
        return self.centred().astype(F32) * self._along(self.scale.astype(F32))

    def _along(self, values: Array) -> Array:
        if self.axis is None:
            return values
        shape = [1] * self.q.ndim
        shape[self.axis] = -1
        return values.reshape(shape)


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
    array: ArraySpec | None = None,
    keep: bool = True,
    program: Any = None,
) -> OracleResult:
    """Computes a converted model on arrays or tensors.

    Args:
        converted: the GraphModule of convert_pt2e.
        inputs: positional inputs; their shapes are those of the exported graph.
        array: run integer layers on this array instead of exactly.
        keep: keep integer tensors (False saves memory where only outputs matter).
        program: the result of `export`, if it is at hand.
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
            result.outputs = [_plain(value) for value in resolve(node.args[0])]
        elif node.op == "call_function":
            args = [resolve(arg) for arg in node.args]
            kwargs = {key: resolve(arg) for key, arg in node.kwargs.items()}
            values[node] = _evaluate(node, args, kwargs, result, array, keep)
        for use in node.all_input_nodes:
            if last_use[use] is node:
                del values[use]
    return result


def _plain(value: Any) -> Any:
    return value.real() if isinstance(value, Codes) else value


def _evaluate(
    node: Any,
    args: list[Any],
    kwargs: dict[str, Any],
    result: OracleResult,
    array: ArraySpec | None,
    keep: bool,
) -> Any:
    name = str(node.target)
    if "dequantize_per_tensor" in name:
        return Codes(args[0], np.asarray(args[1]), np.asarray(args[2]))
    if "dequantize_per_channel" in name:
        return Codes(args[0], np.asarray(args[1]), np.asarray(args[2]), int(args[3]))
    if "quantize_per_tensor" in name:
        codes = quantize(_plain(args[0]), args[1], args[2], args[3], args[4])
        if keep:
            result.codes[node.name] = codes
        return codes
    base = name.split(".")[1] if "." in name else name
    if base in ("conv1d", "conv2d", "convolution", "linear"):
        names = ["input", "weight", "bias"]
        values = dict(zip(names, args, strict=False)) | kwargs
        x, weight, bias = values["input"], values["weight"], values.get("bias")
        geometry = _geometry(base, args, kwargs, _plain(weight).ndim - 2)
        if isinstance(x, Codes) and isinstance(weight, Codes):
            accumulator = integer_layer(x, weight, geometry, array)
            if keep:
                result.accumulators[node.name] = accumulator
            return requantizable(accumulator, x, weight, bias, base == "linear")
        return _float_layer(_plain(x), _plain(weight), bias, geometry, base == "linear")
    if base not in _FLOAT:
        raise NotImplementedError(f"the oracle does not know {name} (node {node.name})")
    return _FLOAT[base](*[_deep_plain(arg) for arg in args], **kwargs)


def _deep_plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, list) else _plain(value)


def quantize(x: Array, scale: Any, zero_point: Any, low: int, high: int) -> Array:
    """float32 -> codes by division, round half to even, + zero point, clamp."""
    x = np.asarray(x, F32)
    shifted = np.rint(x / F32(scale)) + F32(zero_point)
    clamped = np.minimum(np.maximum(shifted, F32(low)), F32(high))
    return clamped.astype(np.uint8 if low >= 0 else np.int8)


def requantizable(acc: Array, x: Codes, weight: Codes, bias: Any, last_axis: bool) -> Array:
    """The float32 value of an accumulator: multiply, round, add the bias, round."""
    scale = F32(x.scale) * weight.scale.astype(F32)
    shape = [-1] if last_axis else [1, -1] + [1] * (acc.ndim - 2)
    y = acc.astype(F32) * (scale.reshape(shape) if scale.ndim else scale)
    return y if bias is None else y + np.asarray(_plain(bias), F32).reshape(shape)


# --------------------------------------------------------------------------- integer layers


@dataclass(frozen=True)
class Geometry:
    """Spatial parameters; padding is (before, after) per axis; empty for linear layers."""

    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int
    same: bool = False


def _geometry(base: str, args: list[Any], kwargs: dict[str, Any], rank: int) -> Geometry:
    if base == "linear":
        return Geometry((), (), (), 1)
    names = ["input", "weight", "bias", "stride", "padding", "dilation"]
    names += ["transposed", "output_padding", "groups"] if base == "convolution" else ["groups"]
    values = dict(zip(names, args, strict=False)) | kwargs
    if values.get("transposed"):
        raise NotImplementedError("the oracle has no transposed convolution")

    def spread(value: Any) -> tuple[int, ...]:
        found = [value] if isinstance(value, int) else list(value)
        return tuple(found * rank if len(found) == 1 else found)

    padding = values.get("padding", 0)
    same = padding == "same"
    pairs = ((0, 0),) * rank
    if not isinstance(padding, str):
        pairs = tuple((value, value) for value in spread(padding))
    return Geometry(
        spread(values.get("stride", 1)),
        pairs,
        spread(values.get("dilation", 1)),
        int(values.get("groups", 1)),
        same,
    )


def _columns(x: Array, kernel: tuple[int, ...], geometry: Geometry, fill: Any) -> Array:
    """(N, C, *spatial) -> (groups, N * positions, C/groups * prod(kernel)); also for linear."""
    if not geometry.stride:
        return x.reshape(1, -1, x.shape[-1])
    padding = geometry.padding
    spans = [(size - 1) * d + 1 for size, d in zip(kernel, geometry.dilation, strict=True)]
    if geometry.same:
        padding = tuple(((span - 1) // 2, span - 1 - (span - 1) // 2) for span in spans)
    padded = np.pad(x, ((0, 0), (0, 0), *padding), constant_values=fill)
    axes = tuple(range(2, x.ndim))
    windows = np.lib.stride_tricks.sliding_window_view(padded, spans, axes)
    rank = len(spans)
    steps = tuple(slice(None, None, step) for step in geometry.stride)
    taps = tuple(slice(None, None, step) for step in geometry.dilation)
    windows = windows[(slice(None), slice(None), *steps, *taps)]
    n, c = x.shape[:2]
    out = windows.shape[2 : 2 + rank]
    groups = geometry.groups
    split = windows.reshape(n, groups, c // groups, *out, *kernel)
    order = (1, 0, *range(3, 3 + rank), 2, *range(3 + rank, 3 + 2 * rank))
    return split.transpose(order).reshape(groups, n * int(np.prod(out)), -1)


def _shape_out(columns: Array, x: Array, kernel: tuple[int, ...], geometry: Geometry) -> Array:
    """(groups, N * positions, out / groups) -> the layer's output shape."""
    if not geometry.stride:
        return columns.reshape(*x.shape[:-1], -1)
    out = []
    for axis, size in enumerate(kernel):
        span = (size - 1) * geometry.dilation[axis] + 1
        pad = span - 1 if geometry.same else sum(geometry.padding[axis])
        out.append((x.shape[2 + axis] + pad - span) // geometry.stride[axis] + 1)
    groups, _, channels = columns.shape
    spread = columns.reshape(groups, x.shape[0], *out, channels)
    rank = len(out)
    order = (1, 0, 2 + rank, *range(2, 2 + rank))
    return np.ascontiguousarray(spread.transpose(order)).reshape(
        x.shape[0], groups * channels, *out
    )


def exact_matmul(a: Array, b: Array) -> Array:
    """Integer product by floating-point BLAS, in a type whose integers hold every partial sum."""
    bound = int(np.abs(a).max(initial=0)) * int(np.abs(b).max(initial=0)) * a.shape[-1]
    assert bound < 2**53, f"sums up to {bound} are not exact in float64"
    kind = F32 if bound < 2**24 else np.float64
    return np.matmul(a.astype(kind), b.astype(kind)).astype(np.int64)


def integer_layer(x: Codes, weight: Codes, geometry: Geometry, array: ArraySpec | None) -> Array:
    """The exact sums, or what comes out of `array`."""
    kernel = weight.q.shape[2:]
    groups = geometry.groups
    w = weight.centred().reshape(groups, weight.q.shape[0] // groups, -1).transpose(0, 2, 1)
    if array is None:
        columns = _columns(x.centred(), kernel, geometry, 0)
        return _shape_out(exact_matmul(columns, w), x.q, kernel, geometry)
    zero = int(x.zero_point)
    columns = _columns(x.q.astype(np.int64), kernel, geometry, zero)
    sums = array_matmul(columns, w, array, signed=x.q.dtype == np.int8)
    sums -= zero * w.sum(axis=1, keepdims=True)
    return _shape_out(sums, x.q, kernel, geometry)


def array_matmul(x: Array, w: Array, spec: ArraySpec, signed: bool = False) -> Array:
    """x @ w on arrays: (..., M, K) unsigned (or two's complement) by (..., K, N) signed."""
    offset = 1 << (spec.weight_bits - 1)
    assert spec.weight_bits % spec.cell_bits == 0 and spec.input_bits % spec.dac_bits == 0
    assert not signed or spec.dac_bits == 1, "signed inputs are streamed bit by bit"
    stored = w + offset
    assert stored.min() >= 0 and stored.max() < 1 << spec.weight_bits
    streamed = x & ((1 << spec.input_bits) - 1)
    assert signed or np.array_equal(streamed, x), "inputs do not fit input_bits"
    ceiling = np.inf if spec.adc_bits is None else (1 << spec.adc_bits) - 1
    total = np.zeros((*x.shape[:-1], w.shape[-1]), np.int64)
    for row in range(0, x.shape[-1], spec.rows):
        tile = slice(row, row + spec.rows)
        for step in range(spec.input_bits // spec.dac_bits):
            shift = step * spec.dac_bits
            plane = (streamed[..., tile] >> shift) & ((1 << spec.dac_bits) - 1)
            weight_of_step = 1 << shift
            if signed and step == spec.input_bits // spec.dac_bits - 1:
                weight_of_step = -weight_of_step
            for cell in range(spec.weight_bits // spec.cell_bits):
                slices = (stored[..., tile, :] >> cell * spec.cell_bits) & (
                    (1 << spec.cell_bits) - 1
                )
                analog = np.matmul(plane.astype(F32), slices.astype(F32))
                converted = np.minimum(analog, ceiling).astype(np.int64)
                total += converted * (weight_of_step << cell * spec.cell_bits)
    return total - offset * x.sum(axis=-1, keepdims=True)


def _float_layer(
    x: Array, weight: Array, bias: Any, geometry: Geometry, linear: bool
) -> Array:
    """A layer that was not quantized: float64 sums rounded once (no device's order)."""
    kernel = weight.shape[2:]
    w = weight.reshape(geometry.groups, weight.shape[0] // geometry.groups, -1)
    columns = _columns(x, kernel, geometry, 0).astype(np.float64)
    y = _shape_out(np.matmul(columns, w.transpose(0, 2, 1)), x, kernel, geometry)
    if bias is not None:
        shape = [-1] if linear else [1, -1] + [1] * (y.ndim - 2)
        y = y + np.asarray(_plain(bias), np.float64).reshape(shape)
    return y.astype(F32)


# --------------------------------------------------------------------------- float32 operations


def _sum_in_order(x: Array, axes: tuple[int, ...]) -> Array:
    """0 + elements one after another, row-major over `axes`, each sum rounded to float32."""
    moved = np.moveaxis(x, axes, range(len(axes)))
    flat = moved.reshape(-1, *moved.shape[len(axes) :])
    total = np.zeros(flat.shape[1:], F32)
    for item in flat:
        total = item + total
    return total


def _mean(x: Array, axes: Any = None, keepdim: bool = False, **_: Any) -> Array:
    dims = range(x.ndim) if axes is None else [axes] if isinstance(axes, int) else axes
    where = tuple(sorted(axis % x.ndim for axis in dims))
    count = int(np.prod([x.shape[axis] for axis in where]))
    mean = _sum_in_order(x, where) / F32(count)
    return np.expand_dims(mean, where) if keepdim else mean


def _pair(value: Any) -> tuple[int, int]:
    found = [value] if isinstance(value, int) else list(value)
    return (found[0], found[0]) if len(found) == 1 else (found[0], found[1])


def _pool_windows(
    x: Array, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool, fill: float
) -> tuple[Array, Array]:
    """Windows (N, C, oh, ow, kh, kw) and, per position, how many elements are not padding."""
    if x.ndim != 4:
        raise NotImplementedError("the oracle pools 4-d tensors only")
    size, pad, gap = _pair(kernel), _pair(padding), _pair(dilation)
    step = _pair(stride) if stride not in (None, []) else size
    spans = [(size[i] - 1) * gap[i] + 1 for i in range(2)]
    extra = [0, 0]
    for i in range(2):
        length = x.shape[2 + i]
        rest = length + 2 * pad[i] - spans[i]
        out = rest // step[i] + 1
        if ceil and rest % step[i] and out * step[i] < length + pad[i]:
            extra[i] = step[i] - rest % step[i]
    amounts = ((0, 0), (0, 0), *((pad[i], pad[i] + extra[i]) for i in range(2)))
    index = (slice(None), slice(None), slice(None, None, step[0]), slice(None, None, step[1]))
    index += (slice(None, None, gap[0]), slice(None, None, gap[1]))

    def windows(values: Array, value: float) -> Array:
        padded = np.pad(values, amounts, constant_values=value)
        return np.lib.stride_tricks.sliding_window_view(padded, spans, (2, 3))[index]

    inside = windows(np.ones((1, 1, *x.shape[2:]), np.int64), 0).sum(axis=(4, 5))
    return windows(x, fill), inside


def _max_pool2d(
    x: Array, kernel: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil: bool = False
) -> Array:
    taps, _ = _pool_windows(x, kernel, stride, padding, dilation, ceil, -np.inf)
    return taps.max(axis=(4, 5))


def _avg_pool2d(
    x: Array,
    kernel: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil: bool = False,
    count_include_pad: bool = True,
    divisor: Any = None,
) -> Array:
    taps, inside = _pool_windows(x, kernel, stride, padding, 1, ceil, 0.0)
    if ceil and count_include_pad:
        raise NotImplementedError("the oracle has no ceil mode that counts padding")
    size = _pair(kernel)
    count = divisor or (size[0] * size[1] if count_include_pad else inside)
    total = _sum_in_order(taps, (4, 5))
    return total / np.asarray(count).astype(F32)


def _adaptive_avg_pool2d(x: Array, size: Any) -> Array:
    oh, ow = (out or x.shape[2 + i] for i, out in enumerate(_pair(size)))
    h, w = x.shape[2:]
    result = np.empty((*x.shape[:2], oh, ow), F32)
    for i in range(oh):
        for j in range(ow):
            rows = slice(i * h // oh, -(-(i + 1) * h // oh))
            columns = slice(j * w // ow, -(-(j + 1) * w // ow))
            result[:, :, i, j] = _mean(x[:, :, rows, columns], (2, 3))
    return result


def _flatten(x: Array, start: int = 0, end: int = -1) -> Array:
    start, end = start % x.ndim, end % x.ndim
    return x.reshape(*x.shape[:start], -1, *x.shape[end + 1 :])


def _slice(
    x: Array, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Array:
    index: list[Any] = [slice(None)] * x.ndim
    index[dim] = slice(start, end, step)
    return x[tuple(index)]


def _hardtanh(x: Array, low: float = -1.0, high: float = 1.0) -> Array:
    return np.minimum(np.maximum(x, F32(low)), F32(high))


def _clamp(x: Array, low: Any = None, high: Any = None) -> Array:
    x = x if low is None else np.maximum(x, F32(low))
    return x if high is None else np.minimum(x, F32(high))


def _add(x: Any, y: Any, alpha: float = 1) -> Array:
    return _f32(x) + (_f32(y) if alpha == 1 else F32(alpha) * _f32(y))


def _sub(x: Any, y: Any, alpha: float = 1) -> Array:
    return _f32(x) - (_f32(y) if alpha == 1 else F32(alpha) * _f32(y))


def _f32(value: Any) -> Array:
    return np.asarray(value, F32)


def _wide(function: Callable[[Array], Array]) -> Callable[..., Array]:
    return lambda x, *_, **__: function(x.astype(np.float64)).astype(F32)


def _relu(x: Array) -> Array:
    return np.maximum(x, F32(0))


_FLOAT: Mapping[str, Callable[..., Any]] = {
    "relu": _relu,
    "relu_": _relu,
    "hardtanh": _hardtanh,
    "hardtanh_": _hardtanh,
    "relu6": lambda x: _hardtanh(x, 0.0, 6.0),
    "relu6_": lambda x: _hardtanh(x, 0.0, 6.0),
    "clamp": _clamp,
    "hardswish": lambda x: (x * _hardtanh(x + F32(3), 0.0, 6.0)) / F32(6),
    "hardswish_": lambda x: (x * _hardtanh(x + F32(3), 0.0, 6.0)) / F32(6),
    "leaky_relu": lambda x, slope=0.01: np.where(x > 0, x, x * F32(slope)),
    "leaky_relu_": lambda x, slope=0.01: np.where(x > 0, x, x * F32(slope)),
    "sigmoid": _wide(lambda x: 1 / (1 + np.exp(-x))),
    "tanh": _wide(np.tanh),
    "silu": _wide(lambda x: x / (1 + np.exp(-x))),
    "silu_": _wide(lambda x: x / (1 + np.exp(-x))),
    "add": _add,
    "add_": _add,
    "sub": _sub,
    "mul": lambda x, y: _f32(x) * _f32(y),
    "mul_": lambda x, y: _f32(x) * _f32(y),
    "div": lambda x, y: _f32(x) / _f32(y),
    "max_pool2d": _max_pool2d,
    "avg_pool2d": _avg_pool2d,
    "adaptive_avg_pool2d": _adaptive_avg_pool2d,
    "mean": _mean,
    "cat": lambda parts, dim=0: np.concatenate(parts, axis=dim),
    "flatten": _flatten,
    "view": lambda x, shape: x.reshape(shape),
    "reshape": lambda x, shape: x.reshape(shape),
    "permute": lambda x, order: x.transpose(order),
    "transpose": lambda x, a, b: np.swapaxes(x, a, b),
    "squeeze": lambda x, dims=None: np.squeeze(x, None if dims is None else tuple(np.atleast_1d(dims))),
    "unsqueeze": lambda x, dim: np.expand_dims(x, dim),
    "slice": _slice,
    "select": lambda x, dim, index: np.take(x, index, axis=dim),
    "dropout": lambda x, *_: x,
    "dropout_": lambda x, *_: x,
    "clone": lambda x, **_: x,
    "contiguous": lambda x, **_: x,
    "detach": lambda x: x,
    "detach_": lambda x: x,
    "pad": lambda x, amounts, mode="constant", value=0.0: _constant_pad(x, amounts, mode, value),
    "chunk": lambda x, n, dim=0: np.split(x, range(-(-x.shape[dim] // n), x.shape[dim], -(-x.shape[dim] // n)), axis=dim),
    "<built-in function getitem>": lambda parts, index: parts[index],
}


def _constant_pad(x: Array, amounts: list[int], mode: str, value: Any) -> Array:
    if mode != "constant":
        raise NotImplementedError(f"the oracle has no {mode} padding")
    pairs = [(0, 0)] * (x.ndim - len(amounts) // 2)
    pairs += [(amounts[i], amounts[i + 1]) for i in range(len(amounts) - 2, -1, -2)]
    return np.pad(x, pairs, constant_values=0.0 if value is None else value)


# --------------------------------------------------------------------------- against PT2E itself


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
