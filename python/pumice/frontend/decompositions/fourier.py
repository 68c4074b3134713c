# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Discrete Fourier transforms as products with constant matrices.

A transform of n numbers is one product of (re, im) with a matrix of 2n x 2n numbers. Beyond
`MOST_DIRECT` numbers, n = a b: transforms of a numbers, a factor for each result, and transforms
of b numbers (Cooley and Tukey), down to factors that are small enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Node

from pumice.frontend.decompositions.emitter import Emitter, named_arguments
from pumice.frontend.decompositions.pairs import Pair, conjugated, product
from pumice.frontend.errors import FrontendError

__all__ = [
    "MOST_DIRECT", "TRANSFORMS", "complex_to_complex", "complex_to_real", "frames",
    "overlapping_frames", "real_to_complex", "transform",
]  # fmt: skip

_aten = torch.ops.aten

#: The most numbers that are transformed by one product.
MOST_DIRECT = 512

#: The largest prime factor of a length: its matrix has 4 p^2 numbers.
MOST_PRIME = 4096


@dataclass(frozen=True)
class _Kind:
    """A family of transforms.

    Attributes:
        real: which side is real: "input", "output" or neither.
        forward: the sign of the exponent, and the direction that is scaled by default.
        conjugate: whether the complex side is conjugated (hfft, ihfft).
        dims: how many last dimensions by default; 0 for all.
        single: takes one dimension.
    """

    real: str
    forward: bool
    dims: int = 0
    single: bool = False
    conjugate: bool = False


#: The transforms of torch.fft that PyTorch has as ops.
TRANSFORMS: dict[Any, _Kind] = {
    _aten.fft_fft.default: _Kind("", True, 1, single=True),
    _aten.fft_ifft.default: _Kind("", False, 1, single=True),
    _aten.fft_rfft.default: _Kind("input", True, 1, single=True),
    _aten.fft_irfft.default: _Kind("output", False, 1, single=True),
    _aten.fft_hfft.default: _Kind("output", True, 1, single=True, conjugate=True),
    _aten.fft_ihfft.default: _Kind("input", False, 1, single=True, conjugate=True),
    _aten.fft_fft2.default: _Kind("", True, 2),
    _aten.fft_ifft2.default: _Kind("", False, 2),
    _aten.fft_rfft2.default: _Kind("input", True, 2),
    _aten.fft_irfft2.default: _Kind("output", False, 2),
    _aten.fft_fftn.default: _Kind("", True),
    _aten.fft_ifftn.default: _Kind("", False),
    _aten.fft_rfftn.default: _Kind("input", True),
    _aten.fft_irfftn.default: _Kind("output", False),
}


def transform(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Any:
    """An op of `TRANSFORMS`."""
    kind, given = TRANSFORMS[target], named_arguments(target, args, kwargs)
    value = given["self"]
    if isinstance(value, Node) and not value.meta["val"].is_floating_point():
        value = call(_aten.to.dtype, value, torch.get_default_dtype())
    rank = (value.re if isinstance(value, Pair) else value).meta["val"].dim()
    sizes, dims = (given["n"], given["dim"]) if kind.single else (given["s"], given["dim"])
    if kind.single:
        sizes, dims = [-1 if sizes is None else sizes], [dims]
    elif dims is None:
        count = len(sizes) if sizes is not None else kind.dims or rank
        dims = list(range(-count, 0))
    sizes = [-1] * len(dims) if sizes is None else list(sizes)
    if kind.conjugate and isinstance(value, Pair):
        value = conjugated(call, value)
    lengths = []
    for place, dim in enumerate(dims):
        half = kind.real == "output" and place == len(dims) - 1
        wanted = sizes[place]
        if wanted == -1:
            held = _length(call, value, dim)
            wanted = 2 * (held - 1) if half else held
        lengths.append(wanted)
        value = _resized(call, value, dim, wanted // 2 + 1 if half else wanted)
    scale = _scale(math.prod(lengths), given["norm"] or "backward", kind.forward)
    forward = kind.forward is not kind.conjugate
    size = lengths[-1] if lengths else 0
    kept = size // 2 + 1 if kind.real == "input" else size
    made = _computed(call, value, dims, (size, kept), forward, scale, kind.real)
    return conjugated(call, made) if kind.conjugate and isinstance(made, Pair) else made


def _computed(
    call: Emitter,
    value: Any,
    dims: Sequence[int],
    sizes: tuple[int, int],
    forward: bool,
    scale: float,
    real: str,
) -> Any:
    """Transforms along dimensions; the last has so many numbers, and as many results are kept."""
    if not dims:
        return _pair(call, value)
    *others, last = dims
    size, kept = sizes
    if real == "output":
        pair = _others(call, _pair(call, value), others, forward=forward)
        return _along(call, pair, last, lambda rows: _to_real(call, rows, size, scale))
    if real == "input":
        made = _along(call, value, last, lambda rows: _of_real(call, rows, size, kept, scale))
    else:
        made = _along(call, value, last, lambda rows: _transform(call, rows, size, forward, scale))
    return _others(call, made, others, forward=forward)


def _by_mode(count: int, mode: int) -> float:
    """The factor of a normalization of the ops below: none, by the root, by the number."""
    return (1.0, float(count**-0.5), 1 / count)[mode]


def real_to_complex(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Pair:
    """_fft_r2c(self, dim, normalization, onesided)."""
    value, dims, mode, onesided = args
    lengths = [_length(call, value, dim) for dim in dims]
    sizes = (lengths[-1], lengths[-1] // 2 + 1 if onesided else lengths[-1])
    scale = _by_mode(math.prod(lengths), mode)
    found: Pair = _computed(call, value, dims, sizes, True, scale, "input")
    return found


def complex_to_complex(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Pair:
    """_fft_c2c(self, dim, normalization, forward)."""
    value, dims, mode, forward = args
    lengths = [_length(call, value, dim) for dim in dims]
    sizes = (lengths[-1], lengths[-1]) if dims else (0, 0)
    scale = _by_mode(math.prod(lengths), mode)
    found: Pair = _computed(call, value, dims, sizes, forward, scale, "")
    return found


def complex_to_real(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Node:
    """_fft_c2r(self, dim, normalization, last_dim_size): of the first half of a spectrum."""
    value, dims, mode, size = args
    lengths = [*(_length(call, value, dim) for dim in dims[:-1]), size]
    scale = _by_mode(math.prod(lengths), mode)
    found: Node = _computed(call, value, dims, (size, size), False, scale, "output")
    return found


def _resized(call: Emitter, value: Any, dim: int, size: int) -> Any:
    """The first numbers of a dimension, with zeros where there are fewer."""
    if isinstance(value, Pair):
        return value.map(lambda part: _resized(call, part, dim, size))
    held = _length(call, value, dim)
    if held > size:
        return call(_aten.slice.Tensor, value, dim, 0, size)
    if held == size:
        return value
    behind = value.meta["val"].dim() - 1 - dim % value.meta["val"].dim()
    return call(_aten.constant_pad_nd.default, value, [0, 0] * behind + [0, size - held], 0.0)


def frames(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Any:
    """stft: the transform of each frame of a signal (..., samples), times a window."""
    given = named_arguments(target, args, kwargs)
    signal, size = given["self"], given["n_fft"]
    if not isinstance(signal, Node):
        raise FrontendError(
            f"op 'aten.stft.default' of complex signals is not supported (node '{call.node.name}')"
        )
    onesided = given["onesided"] is None or given["onesided"]
    rows = call(_aten.unfold.default, signal, -1, size, given["hop_length"] or size // 4)
    if given["window"] is not None or given["win_length"] not in (None, size):
        rows = call(_aten.mul.Tensor, rows, _window(call, given, rows.meta["val"].dtype))
    scale = size**-0.5 if given["normalized"] else 1.0
    made = _of_real(call, rows, size, size // 2 + 1 if onesided else size, scale)
    parts = (call(_aten.transpose.int, part, -1, -2) for part in (made.re, made.im))
    pair = type(made)(*parts)
    if given["return_complex"]:
        return pair
    return call(_aten.stack.default, [pair.re, pair.im], -1)


def _window(call: Emitter, given: dict[str, Any], dtype: torch.dtype) -> Node:
    """The window, with zeros on both sides up to the length of the transform."""
    size = given["n_fft"]
    wide = given["win_length"] or size
    window = given["window"]
    if window is None:
        window = call(_aten.full.default, [wide], 1.0, dtype=dtype)
    left = (size - wide) // 2
    if wide == size:
        found: Node = window
        return found
    return call(_aten.constant_pad_nd.default, window, [left, size - wide - left], 0.0)


def overlapping_frames(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Node:
    """istft: the frames of a spectrogram (..., frequencies, frames), added where they overlap.

    PyTorch's own decomposition looks whether the windows leave gaps, which data decides.
    """
    given = named_arguments(target, args, kwargs)
    pair, size = given["self"], given["n_fft"]
    hop = given["hop_length"] or size // 4
    if given["return_complex"]:
        raise FrontendError(
            f"op 'aten.istft.default' with return_complex is not supported"
            f" (node '{call.node.name}')"
        )
    batched = pair.re.meta["val"].dim() == 3
    count = _length(call, pair.re, -1)
    dtype = pair.re.meta["val"].dtype

    def rows(part: Node) -> Node:
        kept = call(_aten.slice.Tensor, part, -2, 0, size // 2 + 1)  # also of both sides
        kept = call(_aten.reshape.default, kept, [-1, size // 2 + 1, count])
        return call(_aten.transpose.int, kept, -1, -2)

    scale = size**-0.5 if given["normalized"] else 1 / size
    made = _to_real(call, type(pair)(rows(pair.re), rows(pair.im)), size, scale)
    window = _window(call, given, dtype)
    length = size + hop * (count - 1)

    def added(values: Node) -> Node:
        columns = call(_aten.transpose.int, values, -1, -2)
        whole = [1, length], [1, size], [1, 1], [0, 0], [1, hop]
        image = call(_aten.col2im.default, columns, *whole)
        return call(_aten.reshape.default, image, [-1, length])

    signal = added(call(_aten.mul.Tensor, made, window))
    squares = call(_aten.mul.Tensor, window, window)
    weight = added(call(_aten.expand.default, squares, [1, count, size]))
    start = size // 2 if given["center"] else 0
    end = length - start
    if given["length"] is not None:
        end = start + given["length"]
    signal, weight = (
        call(_aten.slice.Tensor, value, -1, start, min(end, length)) for value in (signal, weight)
    )
    signal = call(_aten.div.Tensor, signal, weight)
    if end > length:
        signal = call(_aten.constant_pad_nd.default, signal, [0, end - length], 0.0)
    return signal if batched else call(_aten.squeeze.dim, signal, 0)


def _pair(call: Emitter, value: Any) -> Pair:
    if isinstance(value, Pair):
        return value
    return Pair(value, call(_aten.zeros_like.default, value))


def _length(call: Emitter, value: Any, dim: int) -> int:
    part = value if isinstance(value, Node) else value.re
    size = part.meta["val"].shape[dim]
    if not isinstance(size, int):
        raise FrontendError(
            f"the Fourier transform '{call.node.name}' has a length that depends on an input,"
            " expected a constant length"
        )
    return size


def _scale(count: int, norm: str, forward: bool) -> float:
    """Of a transform of so many numbers, by the modes of torch.fft."""
    if norm == "ortho":
        return float(count**-0.5)
    return 1 / count if forward is (norm == "forward") else 1.0


def _along(call: Emitter, value: Any, dim: int, transform: Any) -> Any:
    """Transforms along a dimension, moved to the end for it."""
    first = value.re if isinstance(value, Pair) else value
    last = first.meta["val"].dim() - 1

    def moved(item: Any) -> Any:
        if isinstance(item, Pair):
            return Pair(moved(item.re), moved(item.im))
        return item if dim % (last + 1) == last else call(_aten.transpose.int, item, dim, -1)

    return moved(transform(moved(value)))


def _others(call: Emitter, value: Pair, dims: Any, *, forward: bool) -> Pair:
    for dim in reversed(dims):
        size = _length(call, value.re, dim)

        def transform(rows: Pair, size: int = size) -> Pair:
            return _transform(call, rows, size, forward, 1.0)

        value = _along(call, value, dim, transform)
    return value


def _waves(size: int, results: int, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    """scale * cos and scale * sin of 2 pi j k / size, in float64: [size, results]."""
    places = torch.arange(size)[:, None] * torch.arange(results)[None, :]
    angles = (places % size).double() * (2 * math.pi / size)
    return angles.cos() * scale, angles.sin() * scale


def _parts(call: Emitter, both: Node, width: int) -> Pair:
    ends = ((0, width), (width, 2 * width))
    return Pair(*(call(_aten.slice.Tensor, both, -1, *end) for end in ends))


def _times(call: Emitter, rows: Node, matrix: torch.Tensor, name: str) -> Node:
    """rows @ matrix, as a layer with the transposed matrix as weights."""
    dtype = rows.meta["val"].dtype
    weight = call.constant(f"fourier_{name}", matrix.t().to(dtype).contiguous())
    return call(_aten.linear.default, rows, weight)


def _of_real(call: Emitter, rows: Node, size: int, kept: int, scale: float) -> Pair:
    if size > MOST_DIRECT and _factor(call, size) > 1:
        pair = _transform(call, rows, size, True, scale)
        if kept == size:
            return pair
        return _first(call, pair, kept)
    cos, sin = _waves(size, kept, scale)
    name = f"r2c_{size}_{kept}{_suffix(scale)}"
    return _parts(call, _times(call, rows, torch.cat([cos, -sin], 1), name), kept)


def _first(call: Emitter, pair: Pair, kept: int) -> Pair:
    return pair.map(lambda part: call(_aten.slice.Tensor, part, -1, 0, kept))


def _transform(call: Emitter, rows: Any, size: int, forward: bool, scale: float) -> Pair:
    """Of a pair, or of a real node."""
    factor = _factor(call, size) if size > MOST_DIRECT else 1
    if factor > 1:
        return _by_factors(call, rows, factor, size // factor, forward, scale)
    if isinstance(rows, Node) and forward:
        return _of_real(call, rows, size, size, scale)
    pair = _pair(call, rows)
    cos, sin = _waves(size, size, scale)
    sin = sin if forward else -sin
    # (re + i im) (cos - i sin)
    matrix = torch.cat([torch.cat([cos, -sin], 1), torch.cat([sin, cos], 1)])
    both = call(_aten.cat.default, [pair.re, pair.im], -1)
    name = f"{'c2c' if forward else 'c2c_back'}_{size}{_suffix(scale)}"
    return _parts(call, _times(call, both, matrix, name), size)


def _suffix(scale: float) -> str:
    return "" if scale == 1 else f"_{scale.hex().translate(str.maketrans('.+-', '___'))}"


def _factor(call: Emitter, size: int) -> int:
    """The divisor nearest to the root; 1 for a prime."""
    start = math.isqrt(size)
    found = next(divisor for divisor in range(start, 0, -1) if size % divisor == 0)
    if found == 1 and size > MOST_PRIME:
        raise FrontendError(
            f"the Fourier transform '{call.node.name}' has a length with the prime factor {size},"
            f" expected factors up to {MOST_PRIME}: pad its input"
        )
    return found


def _by_factors(call: Emitter, rows: Any, a: int, b: int, forward: bool, scale: float) -> Pair:
    """Of a b numbers: element b j1 + j2 to element k1 + a k2."""

    def each(value: Any, *ops: Any) -> Any:
        if isinstance(value, Pair):
            return Pair(each(value.re, *ops), each(value.im, *ops))
        for op, *args in ops:
            value = call(op, value, *args)
        return value

    part = rows.re if isinstance(rows, Pair) else rows
    split = each(rows, (_aten.unflatten.int, -1, [a, b]), (_aten.transpose.int, -1, -2))
    inner = _transform(call, split, a, forward, scale)  # [..., j2, k1]
    angles = (torch.arange(b)[:, None] * torch.arange(a)[None, :]).double()
    angles = angles * (2 * math.pi / (a * b)) * (-1 if forward else 1)
    dtype = part.meta["val"].dtype
    factors = [
        call.constant(f"fourier_{name}_{a}_{b}_{'' if forward else 'back'}", value.to(dtype))
        for name, value in (("cos", angles.cos()), ("sin", angles.sin()))
    ]
    turned = product(call, inner, Pair(*factors))
    outer = _transform(call, each(turned, (_aten.transpose.int, -1, -2)), b, forward, 1.0)
    found: Pair = each(  # [..., k1, k2]
        outer, (_aten.transpose.int, -1, -2), (_aten.flatten.using_ints, -2, -1)
    )
    return found


def _to_real(call: Emitter, pair: Pair, size: int, scale: float) -> Node:
    """The other half of the spectrum is the conjugate of this one."""
    half = size // 2 + 1
    if size > MOST_DIRECT and _factor(call, size) > 1:
        return _transform(call, _whole(call, pair, size), size, False, scale).re
    cos, sin = _waves(size, half, scale)
    twice = torch.full([half], 2.0, dtype=torch.float64)
    twice[0] = 1
    if size % 2 == 0:
        twice[-1] = 1
    matrix = torch.cat([(cos * twice).t(), -(sin * twice).t()])
    both = call(_aten.cat.default, [pair.re, pair.im], -1)
    return _times(call, both, matrix, f"c2r_{size}{_suffix(scale)}")


def _whole(call: Emitter, pair: Pair, size: int) -> Pair:
    """A spectrum from its first half; the imaginary parts of the ends do not count."""
    half, rest = size // 2 + 1, size - size // 2 - 1

    def mirrored(part: Node) -> Node:
        return call(_aten.flip.default, call(_aten.slice.Tensor, part, -1, 1, rest + 1), [-1])

    kept = torch.ones(half, dtype=pair.re.meta["val"].dtype)
    kept[0] = 0
    if size % 2 == 0:
        kept[-1] = 0
    im = call(_aten.mul.Tensor, pair.im, call.constant(f"fourier_inner_{size}", kept))
    back = call(_aten.neg.default, mirrored(im))
    return Pair(
        call(_aten.cat.default, [pair.re, mirrored(pair.re)], -1),
        call(_aten.cat.default, [im, back], -1),
    )
