# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Elementwise, comparison, reduction and cast ops of PyTorch, on two tensors of one type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

TYPES = {
    "bool": torch.bool,
    "u8": torch.uint8,
    "i8": torch.int8,
    "u16": torch.uint16,
    "i16": torch.int16,
    "u32": torch.uint32,
    "i32": torch.int32,
    "i64": torch.int64,
    "u64": torch.uint64,
    "f16": torch.float16,
    "bf16": torch.bfloat16,
    "f32": torch.float32,
    "f64": torch.float64,
}

F = torch.nn.functional

#: What each computes of `a` and `b`; floats are near 1, integers reach to the ends of their types.
ELEMENTWISE: dict[str, Callable[[Any, Any], Any]] = {
    "abs": lambda a, b: a.abs(),
    "neg": lambda a, b: -a,
    "sign": lambda a, b: a.sign(),
    "signbit": lambda a, b: a.signbit(),
    "square": lambda a, b: a.square(),
    "relu": lambda a, b: torch.relu(a),
    "relu6": lambda a, b: F.relu6(a),
    "leaky_relu": lambda a, b: F.leaky_relu(a),
    "elu": lambda a, b: F.elu(a),
    "gelu": lambda a, b: F.gelu(a),
    "silu": lambda a, b: F.silu(a),
    "hardtanh": lambda a, b: F.hardtanh(a),
    "hardswish": lambda a, b: F.hardswish(a),
    "hardsigmoid": lambda a, b: F.hardsigmoid(a),
    "softplus": lambda a, b: F.softplus(a),
    "sigmoid": lambda a, b: a.sigmoid(),
    "tanh": lambda a, b: a.tanh(),
    "exp": lambda a, b: (a % 5).exp(),
    "expm1": lambda a, b: (a % 5).expm1(),
    "log": lambda a, b: (a % 5 + 1).log(),
    "log1p": lambda a, b: (a % 5).log1p(),
    "log2": lambda a, b: (a % 5 + 1).log2(),
    "sqrt": lambda a, b: (a % 5).sqrt(),
    "rsqrt": lambda a, b: (a % 5 + 1).rsqrt(),
    "reciprocal": lambda a, b: b.reciprocal(),
    "sin": lambda a, b: a.sin(),
    "cos": lambda a, b: a.cos(),
    "erf": lambda a, b: a.erf(),
    "ceil": lambda a, b: a.ceil(),
    "floor": lambda a, b: a.floor(),
    "round": lambda a, b: a.round(),
    "trunc": lambda a, b: a.trunc(),
    "frac": lambda a, b: a.frac(),
    "isnan": lambda a, b: a.isnan(),
    "isinf": lambda a, b: a.isinf(),
    "isfinite": lambda a, b: a.isfinite(),
    "logical_not": lambda a, b: a.logical_not(),
    "bitwise_not": lambda a, b: ~a,
    "add": lambda a, b: a + b,
    "add_alpha": lambda a, b: torch.add(a, b, alpha=2),
    "add_one": lambda a, b: a + 1,
    "add_half": lambda a, b: a + 0.5,
    "sub": lambda a, b: a - b,
    "sub_one": lambda a, b: a - 1,
    "rsub": lambda a, b: 3 - a,
    "mul": lambda a, b: a * b,
    "mul_two": lambda a, b: a * 2,
    "mul_half": lambda a, b: a * 0.5,
    "div": lambda a, b: a / b,
    "div_three": lambda a, b: a / 3,
    "div_floor": lambda a, b: torch.div(a, b, rounding_mode="floor"),
    "div_trunc": lambda a, b: torch.div(a, b, rounding_mode="trunc"),
    "div_trunc_three": lambda a, b: torch.div(a, 3, rounding_mode="trunc"),
    "floor_divide": lambda a, b: a // b,
    "floor_divide_three": lambda a, b: a // 3,
    "remainder": lambda a, b: a % b,
    "remainder_seven": lambda a, b: a % 7,
    "fmod": lambda a, b: torch.fmod(a, b),
    "fmod_seven": lambda a, b: torch.fmod(a, 7),
    "pow_two": lambda a, b: a**2,
    "pow_three": lambda a, b: a**3,
    "pow_half": lambda a, b: (a % 5) ** 0.5,
    "pow": lambda a, b: (a % 5) ** (b % 3),
    "two_pow": lambda a, b: 2 ** (a % 5),
    "maximum": lambda a, b: torch.maximum(a, b),
    "minimum": lambda a, b: torch.minimum(a, b),
    "fmax": lambda a, b: torch.fmax(a, b),
    "fmin": lambda a, b: torch.fmin(a, b),
    "clamp": lambda a, b: a.clamp(2, 100),
    "clamp_min": lambda a, b: a.clamp(min=3),
    "clamp_max": lambda a, b: a.clamp(max=3),
    "clamp_tensor": lambda a, b: torch.clamp(a, min=b),
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq_one": lambda a, b: a == 1,
    "lt_hundred": lambda a, b: a < 100,
    "ge_half": lambda a, b: a >= 0.5,
    "logical_and": lambda a, b: torch.logical_and(a, b),
    "logical_or": lambda a, b: torch.logical_or(a, b),
    "logical_xor": lambda a, b: torch.logical_xor(a, b),
    "bitwise_and": lambda a, b: a & b,
    "bitwise_or": lambda a, b: a | b,
    "bitwise_xor": lambda a, b: a ^ b,
    "bitwise_and_seven": lambda a, b: a & 7,
    "shift_left": lambda a, b: a << 1,
    "shift_right": lambda a, b: a >> 1,
    "shift_right_by": lambda a, b: a >> (b & 3),
    "where": lambda a, b: torch.where(a > b, a, b),
    "where_zero": lambda a, b: torch.where(a > b, a, 0),
    "masked_fill": lambda a, b: a.masked_fill(a > b, 1),
    "lerp": lambda a, b: torch.lerp(a, b, 0.5),
    "addcmul": lambda a, b: torch.addcmul(a, a, b, value=2),
    "atan2": lambda a, b: torch.atan2(a, b),
    "threshold": lambda a, b: F.threshold(a, 1, 2),
    "full_like": lambda a, b: torch.full_like(a, 3) + a,
    "zeros_like": lambda a, b: torch.zeros_like(a) - a,
    "cat": lambda a, b: torch.cat([a, b]),
    "cat_float": lambda a, b: torch.cat([a, b.float()]),
    "cat_long": lambda a, b: torch.cat([a, b.long()]),
    "stack": lambda a, b: torch.stack([a, b]),
    "pad": lambda a, b: F.pad(a, (1, 2), value=1),
    "flip": lambda a, b: a.flip(0),
    "roll": lambda a, b: a.roll(1),
    "slice": lambda a, b: a[1:],
    "tril": lambda a, b: torch.stack([a, b]).tril(),
    "add_long": lambda a, b: a + b.long(),
    "add_float": lambda a, b: a + b.float(),
    "mul_half_float": lambda a, b: a * b.half(),
    "sub_u8": lambda a, b: a - b.to(torch.uint8),
    "sub_i8": lambda a, b: a - b.to(torch.int8),
    "lt_i8": lambda a, b: a < b.to(torch.int8),
}

REDUCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "sum": lambda a, b: a.sum(),
    "sum_dim": lambda a, b: torch.stack([a, b]).sum(0),
    "sum_type": lambda a, b: a.sum(dtype=torch.float32),
    "prod": lambda a, b: (a % 3 + 1).prod(),
    "mean": lambda a, b: a.mean(),
    "mean_type": lambda a, b: a.mean(dtype=torch.float32),
    "var": lambda a, b: a.var(),
    "amax": lambda a, b: a.amax(),
    "amin": lambda a, b: a.amin(),
    "max": lambda a, b: a.max(),
    "min": lambda a, b: a.min(),
    "max_dim": lambda a, b: torch.stack([a, b]).max(0).values,
    "min_dim_index": lambda a, b: torch.stack([a, b]).min(0).indices,
    "argmax": lambda a, b: a.argmax(),
    "argmin": lambda a, b: a.argmin(),
    "any": lambda a, b: a.any(),
    "all": lambda a, b: a.all(),
    "cumsum": lambda a, b: a.cumsum(0),
    "cumprod": lambda a, b: (a % 3).cumprod(0),
    "sort": lambda a, b: a.sort().values,
    "argsort": lambda a, b: a.argsort(stable=True),
    "topk": lambda a, b: a.topk(1).values,
    "count_nonzero": lambda a, b: a.count_nonzero(),
    "logsumexp": lambda a, b: torch.logsumexp(a % 5, 0),
    "norm": lambda a, b: torch.linalg.vector_norm(a),
    "softmax": lambda a, b: a.softmax(0),
    "softmax_type": lambda a, b: a.softmax(0, dtype=torch.float32),
    "max_pool": lambda a, b: F.max_pool1d(F.pad(a, (0, 3)).reshape(1, 1, -1), 2),
    "avg_pool": lambda a, b: F.avg_pool1d(F.pad(a, (0, 3)).reshape(1, 1, -1), 2),
    "dot": lambda a, b: torch.dot(a, b),
    "mm": lambda a, b: a.reshape(1, -1) @ b.reshape(-1, 1),
    "linear_float": lambda a, b: F.linear(a.float(), b.float().reshape(1, -1)),
    "gather": lambda a, b: a.gather(0, torch.zeros_like(a, dtype=torch.int64)),
    "index_select": lambda a, b: a.index_select(0, torch.tensor([0, 0])),
    "one_hot": lambda a, b: F.one_hot((a % 3).long(), 3),
    "embedding": lambda a, b: F.embedding((a % 3).long(), torch.arange(6.0).reshape(3, 2)),
}

#: Ops that index, scatter, scan, multiply, window, or count axes from the end.
MORE: dict[str, Callable[[Any, Any], Any]] = {
    "tan": lambda a, b: (a % 1).tan(),
    "asin": lambda a, b: (a % 1).asin(),
    "acos": lambda a, b: (a % 1).acos(),
    "atan": lambda a, b: a.atan(),
    "sinh": lambda a, b: (a % 3).sinh(),
    "cosh": lambda a, b: (a % 3).cosh(),
    "asinh": lambda a, b: (a % 3).asinh(),
    "acosh": lambda a, b: (a % 3 + 1).acosh(),
    "atanh": lambda a, b: ((a % 2) * 0.4).atanh(),
    "exp2": lambda a, b: (a % 5).exp2(),
    "log10": lambda a, b: (a % 5 + 1).log10(),
    "sinc": lambda a, b: (a % 3).sinc(),
    "selu": lambda a, b: F.selu(a),
    "celu": lambda a, b: F.celu(a),
    "mish": lambda a, b: F.mish(a),
    "softsign": lambda a, b: F.softsign(a),
    "logsigmoid": lambda a, b: F.logsigmoid(a),
    "softshrink": lambda a, b: F.softshrink(a),
    "hardshrink": lambda a, b: F.hardshrink(a),
    "tanhshrink": lambda a, b: F.tanhshrink(a),
    "prelu": lambda a, b: F.prelu(a, torch.full((1,), 0.25, dtype=a.dtype)),
    "glu": lambda a, b: F.glu(torch.cat([a, b])),
    "logit": lambda a, b: ((a % 2) * 0.25 + 0.25).logit(),
    "nan_to_num": lambda a, b: a.nan_to_num(),
    "deg2rad": lambda a, b: a.deg2rad(),
    "hypot": lambda a, b: torch.hypot(a, b),
    "copysign": lambda a, b: torch.copysign(a, b),
    "xlogy": lambda a, b: torch.xlogy(a % 5, b % 7 + 1),
    "logaddexp": lambda a, b: torch.logaddexp(a, b),
    "heaviside": lambda a, b: torch.heaviside(a, b),
    "float_power": lambda a, b: torch.float_power(a % 5, 2),
    "isclose": lambda a, b: torch.isclose(a, b),
    "isin": lambda a, b: torch.isin(a, b),
    "bucketize": lambda a, b: torch.bucketize(a, torch.tensor([0, 3, 9])),
    "clip_tensors": lambda a, b: torch.clamp(a, torch.zeros_like(a), b),
    "std": lambda a, b: a.std(),
    "median": lambda a, b: a.median(),
    "sum_as_bool": lambda a, b: torch.stack([a, a, b]).sum(0, dtype=torch.bool),
    "sum_all_as_bool": lambda a, b: torch.stack([a, a]).sum(dtype=torch.bool),
    "prod_as_bool": lambda a, b: torch.stack([a, b]).prod(0, dtype=torch.bool),
    "aminmax": lambda a, b: torch.stack(a.aminmax()),
    "cummax": lambda a, b: a.cummax(0).values,
    "cummin": lambda a, b: a.cummin(0).values,
    "logcumsumexp": lambda a, b: a.logcumsumexp(0),
    "diff": lambda a, b: a.diff(),
    "sum_last": lambda a, b: torch.stack([a, b]).sum(-1),
    "amax_last": lambda a, b: torch.stack([a, b]).amax(-1),
    "argmin_last": lambda a, b: torch.stack([a, b]).argmin(-1),
    "sort_down": lambda a, b: torch.stack([a, b]).sort(-1, descending=True).values,
    "cat_last": lambda a, b: torch.cat([a[None], b[None]], -1),
    "flip_last": lambda a, b: torch.stack([a, b]).flip(-1),
    "unsqueeze_last": lambda a, b: a.unsqueeze(-1) + b.unsqueeze(-2),
    "transpose": lambda a, b: torch.stack([a, b]).transpose(-1, -2),
    "select_last": lambda a, b: torch.stack([a, b]).select(-1, -1),
    "slice_from_end": lambda a, b: a[-3:-1],
    "step": lambda a, b: a[::2],
    "split": lambda a, b: torch.stack(torch.cat([a, b]).chunk(2, -1)),
    "repeat": lambda a, b: a.repeat(2, 2),
    "repeat_interleave": lambda a, b: a.repeat_interleave(2),
    "unfold": lambda a, b: a.unfold(0, 1, 1),
    "triu": lambda a, b: torch.stack([a, b]).triu(-1),
    "pad_negative": lambda a, b: F.pad(torch.cat([a, b]), (-1, 1)),
    "pad_reflect": lambda a, b: F.pad(a.reshape(1, 1, -1), (1, 0), mode="reflect"),
    "pad_replicate": lambda a, b: F.pad(a.reshape(1, 1, -1), (1, 2), mode="replicate"),
    "pad_circular": lambda a, b: F.pad(a.reshape(1, 1, -1), (1, 0), mode="circular"),
    "scatter": lambda a, b: a.scatter(0, torch.tensor([0]), b),
    "scatter_value": lambda a, b: a.scatter(0, torch.tensor([0]), 1),
    "scatter_add": lambda a, b: a.scatter_add(0, torch.tensor([0, 0])[: len(a)], b),
    "scatter_amax": lambda a, b: a.scatter_reduce(0, torch.tensor([0]), b, "amax"),
    "index_put": lambda a, b: torch.index_put(a, (torch.tensor([0]),), b[:1]),
    "index_add": lambda a, b: a.index_add(0, torch.tensor([0]), b[:1]),
    "index_copy": lambda a, b: a.index_copy(0, torch.tensor([0]), b[:1]),
    "index_fill": lambda a, b: a.index_fill(0, torch.tensor([0]), 1),
    "select_scatter": lambda a, b: torch.stack([a, b]).select_scatter(b, 0, 0),
    "slice_scatter": lambda a, b: torch.slice_scatter(a, b[:1], 0, 0, 1),
    "take_along_dim": lambda a, b: torch.take_along_dim(a, torch.tensor([0]), 0),
    "outer": lambda a, b: torch.outer(a, b),
    "matmul_ones": lambda a, b: torch.stack([a, b]) @ torch.ones_like(a),
    "bmm": lambda a, b: torch.bmm(a.reshape(1, 1, -1), b.reshape(1, -1, 1)),
    "addmm": lambda a, b: torch.addmm(a[:1, None], a.reshape(1, -1), b.reshape(-1, 1)),
    "einsum": lambda a, b: torch.einsum("i,i->", a, b),
    "conv1d": lambda a, b: F.conv1d(a.reshape(1, 1, -1), b[:1].reshape(1, 1, 1)),
    "upsample_nearest": lambda a, b: F.interpolate(a.reshape(1, 1, 1, -1), scale_factor=2),
    "upsample_bilinear": lambda a, b: F.interpolate(
        a.reshape(1, 1, 1, -1), scale_factor=2, mode="bilinear"
    ),
    "adaptive_avg_pool": lambda a, b: F.adaptive_avg_pool1d(a.reshape(1, 1, -1), 1),
    "adaptive_max_pool": lambda a, b: F.adaptive_max_pool1d(a.reshape(1, 1, -1), 1),
    "layer_norm": lambda a, b: F.layer_norm(a, a.shape),
    "normalize": lambda a, b: F.normalize(a, dim=0),
    "cosine_similarity": lambda a, b: F.cosine_similarity(a, b, dim=0),
    "log_softmax": lambda a, b: a.log_softmax(-1),
    "mse_loss": lambda a, b: F.mse_loss(a, b),
    "empty_sum": lambda a, b: a[:0].sum(),
    "empty_cat": lambda a, b: torch.cat([a[:0], b]),
    "empty_add": lambda a, b: a[:0] + b[:0],
    "empty_mm": lambda a, b: a[:0].reshape(0, 1) @ b[:1].reshape(1, 1),
    "empty_prod": lambda a, b: a[:0].prod(),
    "mm_of_nothing": lambda a, b: a[:0].reshape(1, 0) @ b[:0].reshape(0, 1),
}

CASTS: dict[str, Callable[[Any, Any], Any]] = {
    f"to_{name}": (lambda a, b, dtype=dtype: a.to(dtype)) for name, dtype in TYPES.items()
}

FIRST = {**ELEMENTWISE, **REDUCTIONS, **CASTS}
OPS = {**FIRST, **MORE}


def values(dtype: torch.dtype, size: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Two tensors: any values, the ends of the type among them; and ones that are not 0."""
    generator = torch.Generator().manual_seed(seed)
    if dtype is torch.bool:
        a = torch.randint(0, 2, (size,), generator=generator)
        return a.to(dtype), torch.ones(size, dtype=dtype)
    if dtype.is_floating_point:
        a = torch.randn(size, generator=generator, dtype=torch.float64) * 3
        b = torch.rand(size, generator=generator, dtype=torch.float64) + 0.5
        return a.to(dtype), b.to(dtype)
    info = torch.iinfo(dtype)
    low, high = max(info.min, -(2**62)), min(info.max, 2**62)
    a = torch.randint(low, high, (size,), generator=generator)
    b = torch.randint(1, min(high, 100), (size,), generator=generator)
    some = [info.max, info.min, 1, 0, info.max // 2 + 1, 7, info.max - 5]
    if dtype in (torch.uint64,):
        some = [2**63 - 1, 0, 1, 5, 2**62, 7, 9]
    for place, value in enumerate(some[:size]):
        a[(place * 2) % size] = value
    if info.min < 0:
        b[::3] *= -1
    return a.to(dtype), b.to(dtype)


class _One(torch.nn.Module):
    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, a: Any, b: Any) -> Any:
        return self.function(a, b)


class Ops(torch.nn.Module):
    """Many ops of two inputs, by name; each is a module, which errors then name."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.names = names
        self.ops = torch.nn.ModuleDict({f"op_{name}": _One(OPS[name]) for name in names})

    def forward(self, a: Any, b: Any) -> list[Any]:
        return [self.ops[f"op_{name}"](a, b) for name in self.names]


def expected_of(names: list[str], a: Any, b: Any) -> dict[str, Any]:
    """What PyTorch computes; ops that it does not have for the type are left out."""
    found = {}
    for name in names:
        try:
            found[name] = OPS[name](a, b)
        except (RuntimeError, NotImplementedError, TypeError):  # PyTorch has no such kernel
            continue
    return found


def outcome(names: list[str], a: Any, b: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Results of the compiled ops, and why others were refused."""
    import re

    import pumice
    from pumice.frontend import FrontendError, import_model

    refused: dict[str, str] = {}
    left = list(names)
    while left:
        try:
            imported = import_model(Ops(left).eval(), (a, b))
            break
        except FrontendError as error:
            found = re.search(r"module 'ops\.op_(\w+?)'", str(error))
            if found is None and len(left) > 1:
                return _halves(left, a, b, refused)
            name = found.group(1) if found else left[0]
            refused[name] = str(error)
            left.remove(name)
    if not left:
        return {}, refused
    try:
        outputs = pumice.compile(imported).run(a, b).outputs
    except pumice.PumiceError as error:
        if len(left) > 1:
            return _halves(left, a, b, refused)
        return {}, {**refused, left[0]: str(error)}
    return dict(zip(left, outputs, strict=True)), refused


def _halves(names: list[str], a: Any, b: Any, refused: dict[str, str]) -> Any:
    half = len(names) // 2
    results: dict[str, Any] = {}
    for part in (names[:half], names[half:]):
        computed, not_computed = outcome(part, a, b)
        results |= computed
        refused |= not_computed
    return results, refused


TOLERANCES = {torch.float16: 2e-3, torch.bfloat16: 2e-2, torch.float32: 1e-5, torch.float64: 1e-10}


def difference(found: Any, expected: Any) -> str | None:
    """How a result differs from PyTorch's, or None."""
    if found.dtype != expected.dtype or found.shape != expected.shape:
        return f"{found.dtype}{list(found.shape)} for {expected.dtype}{list(expected.shape)}"
    if not expected.dtype.is_floating_point:
        return None if torch.equal(found, expected) else f"{found} for {expected}"
    tolerance = TOLERANCES[expected.dtype]
    close = torch.allclose(
        found.double(), expected.double(), tolerance, tolerance * 0.1, equal_nan=True
    )
    return None if close else f"{found} for {expected}"
