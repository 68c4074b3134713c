# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The oracle's float32 operations, by the base name of the aten op."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from oracle_layers import F32, Array


def _sum(x: Array, axes: tuple[int, ...], scale: Any = None) -> Array:
    """0 + elements one after another, row-major over `axes`, each sum rounded to float32.

    With a scale, `x` are integers: their exact sum, rounded to float32, times the scale.
    """
    if scale is not None:
        assert x.dtype == np.int64
        return x.sum(axis=axes).astype(F32) * F32(scale)
    moved = np.moveaxis(x, axes, range(len(axes)))
    flat = moved.reshape(-1, *moved.shape[len(axes) :])
    total = np.zeros(flat.shape[1:], F32)
    for item in flat:
        total = item + total
    return total


def _mean(x: Array, axes: Any = None, keepdim: bool = False, scale: Any = None, **_: Any) -> Array:
    dims = range(x.ndim) if axes is None else [axes] if isinstance(axes, int) else axes
    where = tuple(sorted(axis % x.ndim for axis in dims))
    count = int(np.prod([x.shape[axis] for axis in where]))
    mean = _sum(x, where, scale) / F32(count)
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
    x: Array,
    kernel: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil: bool = False,
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
    scale: Any = None,
) -> Array:
    taps, inside = _pool_windows(x, kernel, stride, padding, 1, ceil, 0.0)
    if ceil and count_include_pad:
        raise NotImplementedError("the oracle has no ceil mode that counts padding")
    size = _pair(kernel)
    count = divisor or (size[0] * size[1] if count_include_pad else inside)
    total = _sum(taps, (4, 5), scale)
    return total / np.asarray(count).astype(F32)


def _adaptive_avg_pool2d(x: Array, size: Any, scale: Any = None) -> Array:
    oh, ow = (out or x.shape[2 + i] for i, out in enumerate(_pair(size)))
    h, w = x.shape[2:]
    result = np.empty((*x.shape[:2], oh, ow), F32)
    for i in range(oh):
        for j in range(ow):
            rows = slice(i * h // oh, -(-(i + 1) * h // oh))
            columns = slice(j * w // ow, -(-(j + 1) * w // ow))
            result[:, :, i, j] = _mean(x[:, :, rows, columns], (2, 3), scale=scale)
    return result


def _flatten(x: Array, start: int = 0, end: int = -1) -> Array:
    start, end = start % x.ndim, end % x.ndim
    return x.reshape(*x.shape[:start], -1, *x.shape[end + 1 :])


def _slice(x: Array, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Array:
    index: list[Any] = [slice(None)] * x.ndim
    index[dim] = slice(start, end, step)
    return x[tuple(index)]


def _gelu(x: Array) -> Array:
    erf = _wide(np.vectorize(math.erf, otypes=[float]))
    return (x * F32(0.5)) * (erf(x * F32(0.5**0.5)) + F32(1))


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


def _constant_pad(x: Array, amounts: list[int], mode: str = "constant", value: Any = None) -> Array:
    if mode != "constant":
        raise NotImplementedError(f"the oracle has no {mode} padding")
    pairs = [(0, 0)] * (x.ndim - len(amounts) // 2)
    pairs += [(amounts[i], amounts[i + 1]) for i in range(len(amounts) - 2, -1, -2)]
    return np.pad(x, pairs, constant_values=0.0 if value is None else value)


def _squeeze(x: Array, axes: Any = None) -> Array:
    where = range(x.ndim) if axes is None else [axes] if isinstance(axes, int) else axes
    ones = tuple(axis % x.ndim for axis in where if x.shape[axis] == 1)
    return np.squeeze(x, ones)


def _chunk(x: Array, count: int, axis: int = 0) -> list[Array]:
    size = -(-x.shape[axis] // count)
    return np.split(x, range(size, x.shape[axis], size), axis)


def _softmax(x: Array, dim: int, *_: Any) -> Array:
    shifted = np.exp((x - x.max(axis=dim, keepdims=True)).astype(np.float64))
    return (shifted / shifted.sum(axis=dim, keepdims=True)).astype(F32)


def _layer_norm(x: Array, shape: Any, weight: Any, bias: Any, eps: float = 1e-5, *_: Any) -> Array:
    wide = x.astype(np.float64)
    axes = tuple(range(-len(shape), 0))
    wide = wide - wide.mean(axis=axes, keepdims=True)
    wide = wide / np.sqrt((wide**2).mean(axis=axes, keepdims=True) + eps)
    return (wide * (1 if weight is None else weight) + (0 if bias is None else bias)).astype(F32)


# Of codes these are exact: sum(q - zero point), an integer, times the scale, by the number.
AVERAGES = ("avg_pool2d", "adaptive_avg_pool2d", "mean")

FLOAT_OPS: Mapping[str, Callable[..., Any]] = {
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
    "gelu": _gelu,
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
    "squeeze": lambda x, dims=None: np.squeeze(
        x, None if dims is None else tuple(np.atleast_1d(dims))
    ),
    "unsqueeze": lambda x, dim: np.expand_dims(x, dim),
    "slice": _slice,
    "select": lambda x, dim, index: np.take(x, index, axis=dim),
    "dropout": lambda x, *_: x,
    "dropout_": lambda x, *_: x,
    "clone": lambda x, **_: x,
    "contiguous": lambda x, **_: x,
    "detach": lambda x: x,
    "detach_": lambda x: x,
    "pad": _constant_pad,
    "softmax": _softmax,
    "layer_norm": _layer_norm,
    "matmul": lambda x, y: (x.astype(np.float64) @ y.astype(np.float64)).astype(F32),
    "where": lambda condition, x, y: np.where(condition, x, y),
    "ones": lambda shape, **_: np.ones(shape, bool),
    "zeros": lambda shape, **_: np.zeros(shape, F32),
    "tril": np.tril,
    "scalar_tensor": lambda value, **_: np.asarray(value, F32),
    "any": lambda x, dim, keepdim=False: np.any(x, axis=dim, keepdims=keepdim),
    "ne": lambda x, value: np.not_equal(x, value),
    "expand": lambda x, shape: np.broadcast_to(
        x, [x.shape[i] if size == -1 else size for i, size in enumerate(shape)]
    ),
    "unflatten": lambda x, dim, sizes: x.reshape(
        *x.shape[: dim % x.ndim], *sizes, *x.shape[dim % x.ndim + 1 :]
    ),
    "sym_size": lambda x, dim: x.shape[dim],
    "chunk": _chunk,
    "<built-in function getitem>": lambda parts, index: parts[index],
}
