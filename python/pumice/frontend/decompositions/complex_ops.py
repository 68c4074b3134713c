# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What single ops compute of complex numbers, as pairs of real nodes.

A handler gets the emitter, the op, its arguments with pairs in place of complex nodes, and a fake
tensor of the result's type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.fx import Node

from pumice.frontend.decompositions import fourier
from pumice.frontend.decompositions.emitter import Emitter
from pumice.frontend.decompositions.pairs import (
    Pair,
    conjugated,
    leaves,
    multilinear,
    part_of,
    product,
    real_op,
)
from pumice.frontend.errors import FrontendError

__all__ = [
    "CREATING",
    "HANDLERS",
    "REAL",
    "SAME_FOR_BOTH",
    "Handler",
    "Value",
    "created",
    "each_part",
    "holds_pair",
    "is_complex",
]

_aten = torch.ops.aten

#: Real types of complex ones.
REAL = {torch.complex64: torch.float32, torch.complex128: torch.float64}

#: What a node stands for: itself, a pair, a list of such, or a plain value.
Value = Any
Handler = Callable[..., Value]


def is_complex(value: Any) -> bool:
    """Whether a value is a complex tensor."""
    return isinstance(value, torch.Tensor) and value.is_complex()


def holds_pair(value: Value) -> bool:
    """Whether a value or an item of a list is a pair."""
    return any(isinstance(leaf, Pair) for leaf in leaves(value))


def each_part(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
    """Of ops that move elements or add them up: the parts do not meet."""
    kwargs = {key: REAL.get(item, item) if key == "dtype" else item for key, item in kwargs.items()}
    args = [_pairs_of(call, item) for item in args]
    parts = [call(target, *part_of(args, place), **_part_of(kwargs, place)) for place in (0, 1)]
    if isinstance(result, (tuple, list)):
        counts = range(len(result))
        items = [[call.item(part, place) for place in counts] for part in parts]
        return [Pair(re, im) for re, im in zip(*items, strict=True)]
    return Pair(*parts)


def _pairs_of(call: Emitter, value: Any) -> Any:
    """A list of tensors with pairs for all of them, if there is one among them."""
    if isinstance(value, (tuple, list)) and holds_pair(value):
        return [_as_pair(call, item) for item in value]
    return value


def _part_of(kwargs: dict[str, Any], place: int) -> dict[str, Any]:
    return {key: part_of(item, place) for key, item in kwargs.items()}


def _as_pair(call: Emitter, value: Any) -> Any:
    if isinstance(value, Node):
        return Pair(value, call(_aten.zeros_like.default, value))
    return value


def created(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
    """Of ops that make tensors of one number: `full`, `zeros`, ..."""
    if not is_complex(result):
        return call(target, *[part_of(item, 0) for item in args], **kwargs)
    real, name = REAL[result.dtype], target.overloadpacket.__name__
    fill: Any = 1.0 if name.startswith("ones") else 0.0
    if name in ("full", "full_like", "scalar_tensor"):
        fill = args[0] if name == "scalar_tensor" else args[1]
    op, first = _aten.full.default, [] if name == "scalar_tensor" else args[0]
    if name.endswith("_like"):
        op, first = _aten.full_like.default, part_of(args[0], 0)
    return Pair.of_number(fill, lambda part: call(op, first, part, dtype=real))


def _operand(call: Emitter, value: Any, result: Any) -> Any:
    """An operand of arithmetic: a pair, or a real node or number; a complex number is a pair."""
    if isinstance(value, complex):
        real = REAL[result.dtype]
        full = _aten.full.default
        return Pair.of_number(value, lambda part: call(full, [], part, dtype=real))
    return value


def _add(call: Emitter, left: Any, right: Any, op: Any = None) -> Any:
    """left + right (or another op that acts on parts), of pairs, nodes and numbers."""
    op = op or _aten.add.Tensor
    if not isinstance(left, Pair) and not isinstance(right, Pair):
        return real_op(call, op, left, right)
    if not isinstance(right, Pair):
        return Pair(real_op(call, op, left.re, right), _expanded(call, left.im, right))
    if not isinstance(left, Pair):
        im = right.im if op is _aten.add.Tensor else call(_aten.neg.default, right.im)
        return Pair(real_op(call, op, left, right.re), _expanded(call, im, left))
    return Pair(call(op, left.re, right.re), call(op, left.im, right.im))


def _expanded(call: Emitter, part: Node, other: Any) -> Node:
    """A part in the shape that arithmetic with another operand gives."""
    if not isinstance(other, Node):
        return part
    shape = torch.broadcast_shapes(  # type: ignore[no-untyped-call]
        part.meta["val"].shape, other.meta["val"].shape
    )
    if shape == part.meta["val"].shape:
        return part
    if not all(isinstance(size, int) for size in shape):
        zeros = call(_aten.zeros_like.default, other)
        return call(_aten.add.Tensor, part, call(_aten.to.dtype, zeros, part.meta["val"].dtype))
    return call(_aten.expand.default, part, list(shape))


def _sum(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
    """add, sub and rsub, with alpha."""
    left, right = (_operand(call, value, result) for value in args[:2])
    alpha = kwargs.get("alpha", args[2] if len(args) > 2 else 1)
    if target.overloadpacket is _aten.rsub:
        left, right = right, left
        if alpha != 1:
            left = _scaled(call, left, alpha)
    elif alpha != 1:
        right = _scaled(call, right, alpha)
    op = _aten.add.Tensor if target.overloadpacket is _aten.add else _aten.sub.Tensor
    return _add(call, left, right, op)


def _scaled(call: Emitter, value: Any, factor: float) -> Any:
    if isinstance(value, Pair):
        return value.map(lambda part: _scaled(call, part, factor))
    return call(_aten.mul.Scalar, value, factor) if isinstance(value, Node) else value * factor


def _mul(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
    operands = [_operand(call, value, result) for value in args[:2]]
    return product(call, *operands)


def _product_of(*, tensors: int) -> Handler:
    """A handler of products of the first `tensors` arguments."""

    def handler(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
        rest = args[tensors:]
        return multilinear(call, args[:tensors], lambda *parts: call(target, *parts, *rest))

    return handler


def _linear(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
    bias = kwargs.get("bias", args[2] if len(args) > 2 else None)
    made = multilinear(call, args[:2], lambda *parts: call(target, *parts))
    return made if bias is None else _add(call, made, bias)


def _einsum(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
    equation, operands = args[0], args[1]
    return multilinear(call, operands, lambda *parts: call(target, equation, list(parts)))


def _added_product(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
    """addmm and baddbmm: beta * added + alpha * (left @ right)."""
    op = _aten.mm.default if target is _aten.addmm.default else _aten.bmm.default
    made = multilinear(call, args[1:3], lambda *parts: call(op, *parts))
    alpha, beta = kwargs.get("alpha", 1), kwargs.get("beta", 1)
    made = made if alpha == 1 else product(call, made, _operand(call, alpha, result))
    if beta == 0:
        return made
    added = args[0] if beta == 1 else product(call, args[0], _operand(call, beta, result))
    return _add(call, added, made)


def _norm2(call: Emitter, value: Pair) -> Node:
    """The square of the absolute value."""
    squares = value.map(lambda part: call(_aten.mul.Tensor, part, part))
    return call(_aten.add.Tensor, squares.re, squares.im)


def _div(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
    left, right = (_operand(call, value, result) for value in args[:2])
    if not isinstance(right, Pair):
        pair: Pair = left
        return pair.map(lambda part: real_op(call, _aten.div.Tensor, part, right))
    return product(call, left, reciprocal(call, right))


def reciprocal(call: Emitter, value: Pair) -> Pair:
    """1 / value, scaled so that squares stay in range."""
    sizes = value.map(lambda part: call(_aten.abs.default, part))
    most = call(_aten.maximum.default, sizes.re, sizes.im)
    small = value.map(lambda part: call(_aten.div.Tensor, part, most))
    length = call(_aten.mul.Tensor, _norm2(call, small), most)
    re = call(_aten.div.Tensor, small.re, length)
    return Pair(re, call(_aten.neg.default, call(_aten.div.Tensor, small.im, length)))


def _of_one(function: Callable[[Emitter, Pair], Value]) -> Handler:
    return lambda call, target, args, kwargs, result: function(call, args[0])


def _abs(call: Emitter, value: Pair) -> Node:
    return call(_aten.hypot.default, value.re, value.im)


def _angle(call: Emitter, value: Pair) -> Node:
    return call(_aten.atan2.default, value.im, value.re)


def _polar(call: Emitter, size: Node, angle: Node) -> Pair:
    direction = Pair(call(_aten.cos.default, angle), call(_aten.sin.default, angle))
    return direction.map(lambda part: call(_aten.mul.Tensor, size, part))


def _exp(call: Emitter, value: Pair) -> Pair:
    return _polar(call, call(_aten.exp.default, value.re), value.im)


def _log(call: Emitter, value: Pair) -> Pair:
    return Pair(call(_aten.log.default, _abs(call, value)), _angle(call, value))


def _sgn(call: Emitter, value: Pair) -> Pair:
    size = _abs(call, value)
    zero = call(_aten.eq.Scalar, size, 0.0)
    divisor = call(_aten.masked_fill.Scalar, size, zero, 1.0)
    return value.map(lambda part: call(_aten.div.Tensor, part, divisor))


def _sqrt(call: Emitter, value: Pair) -> Pair:
    """The root with a real part that is not negative."""
    size = call(_aten.sqrt.default, _abs(call, value))
    half = call(_aten.div.Scalar, _angle(call, value), 2.0)
    return _polar(call, size, half)


def _square(call: Emitter, value: Pair) -> Pair:
    found: Pair = product(call, value, value)
    return found


def _pow(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
    """Whole exponents up to 64 by squaring, others by the logarithm."""
    base, exponent = args[:2]
    whole = isinstance(exponent, (int, float)) and exponent == int(exponent)
    if not whole or abs(exponent) > 64:
        scaled = product(call, _log(call, base), _operand(call, exponent, result))
        return _exp(call, scaled)
    if exponent == 0:
        return _as_pair(call, call(_aten.ones_like.default, base.re))
    made: Any = None
    left, power = abs(int(exponent)), base
    while left:
        if left & 1:
            made = power if made is None else product(call, made, power)
        left >>= 1
        if left:
            power = product(call, power, power)
    return reciprocal(call, made) if exponent < 0 else made


def _compared(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Node:
    """eq and ne."""
    equal = target.overloadpacket is _aten.eq
    parts: list[Node] = []
    for place in (0, 1):
        left, right = (_compared_part(call, value, place) for value in args[:2])
        if not isinstance(left, Node):
            left, right = right, left
        by_scalar = not isinstance(right, Node)
        op = (_aten.eq if equal else _aten.ne).Scalar if by_scalar else target
        if not by_scalar:
            op = _aten.eq.Tensor if equal else _aten.ne.Tensor
        parts.append(call(op, left, right))
    return call(_aten.logical_and.default if equal else _aten.logical_or.default, *parts)


def _compared_part(call: Emitter, value: Any, place: int) -> Any:
    if isinstance(value, (int, float, complex)):
        return (complex(value).real, complex(value).imag)[place]
    return part_of(_as_pair(call, value), place)


def _any_part(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Node:
    """isnan and isinf: of one part or the other."""
    value: Pair = args[0]
    parts = value.map(lambda part: call(target, part))
    return call(_aten.logical_or.default, parts.re, parts.im)


def _where(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Pair:
    condition, *values = args
    pairs = [_as_pair(call, _operand(call, value, result)) for value in values]
    return Pair(*(call(target, condition, *(part_of(p, place) for p in pairs)) for place in (0, 1)))


def _filled(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Pair:
    """constant_pad_nd and masked_fill: with a number."""
    value, where, *rest = args
    number = complex(rest[0] if rest else kwargs.get("value", 0.0))
    parts = (value.re, number.real), (value.im, number.imag)
    return Pair(*(call(target, part, where, fill) for part, fill in parts))


def _copied(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Pair:
    """aten.copy: the second argument with the shape and type of the first."""
    value: Pair = _cast(call, target, args[1:], {}, result)
    return value.map(lambda part: _expanded(call, part, args[0].re))


def _cast(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
    """Conversions of types; a real result keeps the real part, as in PyTorch."""
    value = args[0]
    if not is_complex(result):
        return call(_aten.to.dtype, value.re, result.dtype)
    real = REAL[result.dtype]
    pair: Pair = _as_pair(call, value)
    return pair.map(lambda part: call(_aten.to.dtype, part, real))


def _view_as_real(call: Emitter, value: Pair) -> Node:
    return call(_aten.stack.default, [value.re, value.im], -1)


def _view_as_complex(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Pair:
    return Pair(*(call(_aten.select.int, args[0], -1, place) for place in (0, 1)))


def _nothing(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> None:
    """Checks of a value's type, which has become another one."""


def _updated(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
    """An update of a buffer."""
    buffer = next(iter(call.node.all_input_nodes))
    raise FrontendError(
        f"the model updates the complex buffer '{buffer.target}', expected real buffers: keep"
        " torch.view_as_real of it"
    )


def _items(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
    """operator.getitem of several results."""
    return args[0][args[1]]


def _handlers() -> dict[Any, Handler]:
    import operator

    same = _of_one(lambda call, value: value)
    found: dict[Any, Handler] = {
        operator.getitem: _items,
        _aten.view_as_real.default: _of_one(_view_as_real),
        _aten.view_as_complex.default: _view_as_complex,
        _aten.real.default: _of_one(lambda call, value: value.re),
        _aten.imag.default: _of_one(lambda call, value: value.im),
        _aten.complex.default: lambda call, target, args, kwargs, result: Pair(*args),
        _aten.polar.default: lambda call, target, args, kwargs, result: _polar(call, *args),
        _aten.mul.Tensor: _mul,
        _aten.mul.Scalar: _mul,
        _aten.div.Tensor: _div,
        _aten.div.Scalar: _div,
        _aten.pow.Tensor_Scalar: _pow,
        _aten.where.self: _where,
        _aten.constant_pad_nd.default: _filled,
        _aten.masked_fill.Scalar: _filled,
        _aten.copy.default: _copied,
        _aten.copy_.default: _updated,
        _aten._assert_tensor_metadata.default: _nothing,
        _aten.linear.default: _linear,
        _aten.einsum.default: _einsum,
        _aten.addmm.default: _added_product,
        _aten.baddbmm.default: _added_product,
        **dict.fromkeys(fourier.TRANSFORMS, fourier.transform),
        _aten._fft_r2c.default: fourier.real_to_complex,
        _aten._fft_c2c.default: fourier.complex_to_complex,
        _aten._fft_c2r.default: fourier.complex_to_real,
        _aten.stft.default: fourier.frames,
        _aten.istft.default: fourier.overlapping_frames,
    }
    for product_op in (_aten.mm, _aten.bmm, _aten.matmul, _aten.mv, _aten.dot):
        found[product_op.default] = _product_of(tensors=2)
    one: dict[Any, Callable[[Emitter, Pair], Value]] = {
        _aten.abs: _abs,
        _aten.angle: _angle,
        _aten.exp: _exp,
        _aten.log: _log,
        _aten.sgn: _sgn,
        _aten.sqrt: _sqrt,
        _aten.square: _square,
        _aten.reciprocal: reciprocal,
        _aten.conj: conjugated,
        _aten._conj: conjugated,
        _aten.conj_physical: conjugated,
        _aten._conj_physical: conjugated,
    }
    found |= {packet.default: _of_one(function) for packet, function in one.items()}
    for packet in (_aten.resolve_conj, _aten.resolve_neg, _aten.detach, _aten.alias):
        found[packet.default] = same
    for packet in (_aten.add, _aten.sub, _aten.rsub):
        found |= {packet.Tensor: _sum, packet.Scalar: _sum}
    for packet in (_aten.eq, _aten.ne):
        found |= {packet.Tensor: _compared, packet.Scalar: _compared}
    for packet in (_aten.isnan, _aten.isinf):
        found[packet.default] = _any_part
    for overload in (_aten._to_copy.default, _aten.to.dtype, _aten.to.dtype_layout, _aten.to.other):
        found[overload] = _cast
    return found


#: Ops that move elements, or are linear in the one tensor that they take.
SAME_FOR_BOTH = frozenset(
    getattr(_aten, name)
    for name in (
        "view", "_unsafe_view", "reshape", "permute", "transpose", "t", "numpy_T", "unsqueeze",
        "squeeze", "expand", "expand_as", "slice", "select", "index", "index_select", "gather",
        "take_along_dim", "cat", "stack", "clone", "contiguous", "flip", "roll", "repeat",
        "repeat_interleave", "tile", "unfold", "diagonal", "as_strided", "flatten", "unflatten",
        "movedim", "swapaxes", "tril", "triu", "split", "split_with_sizes", "chunk", "unbind",
        "sum", "mean", "cumsum", "neg", "lift_fresh_copy", "slice_scatter", "select_scatter",
        "reflection_pad1d", "reflection_pad2d", "replication_pad1d", "replication_pad2d",
    )
)  # fmt: skip

CREATING = frozenset(
    getattr(_aten, name)
    for name in ("zeros", "ones", "full", "zeros_like", "ones_like", "full_like", "scalar_tensor")
)

#: What writes the ops that need more than the two tables above.
HANDLERS = _handlers()
