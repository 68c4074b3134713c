# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nets in PyTorch modules: forwards as the machine computes them, backwards the original."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from pumice.errors import PumiceError
from pumice.neon import library

__all__ = ["KINDS", "Substitution", "unfreeze_neighbours"]

#: Kinds of functions that `Substitution` replaces.
KINDS = (
    "softmax", "log_softmax", "layer_norm", "rms_norm", "group_norm", "normalize", "gelu", "silu",
    "mish", "softplus", "elu", "sigmoid", "tanh", "exp", "log", "sqrt", "rsqrt", "reciprocal",
    "erf", "division",
)  # fmt: skip


class _Replaced(torch.autograd.Function):
    """Forward: `approximate`. Backward: the gradient of `original`."""

    @staticmethod
    def forward(
        ctx: Any, original: Callable[..., Tensor], approximate: Callable[..., Tensor], *x: Tensor
    ) -> Tensor:
        ctx.original = original
        ctx.save_for_backward(*x)
        return approximate(*x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        # A Substitution may be active here too.
        with torch._C.DisableTorchFunction(), torch.enable_grad():
            x = [one.detach().requires_grad_(one.is_floating_point()) for one in ctx.saved_tensors]
            wanted = [one for one in x if one.requires_grad]
            found = iter(torch.autograd.grad(ctx.original(*x), wanted, gradients[0]))
        return None, None, *(next(found) if one.requires_grad else None for one in x)


_replaced: Callable[..., Tensor] = _Replaced.apply


class Substitution(TorchFunctionMode):
    """Within this context, PyTorch's nonlinear functions are those of nets.

        with pumice.neon.Substitution({"softmax", "gelu"}) as nets:
            loss = criterion(model(x), y)
        loss.backward()  # the gradients of softmax and GELU themselves

    Forwards, a value is what the machine computes: codes of the input looked up in the table of
    the net, which holds all of its outputs. Backwards, the gradient is that of the original
    function at the same input, as in the paper. It works on calls, inside of any module.
    Attention (scaled_dot_product_attention, nn.MultiheadAttention) is taken apart. A division of
    tensors is a product with the reciprocal.

    Args:
        kinds: of `KINDS`; all by default.
        bits: of the nets of the library.

    Attributes:
        calls: replaced calls, by kind.
        clamped: inputs outside of a net's domain that became its end, by kind; composed functions
            clamp exponentials far below the largest input, and count none.

    Raises:
        PumiceError: an unknown kind; NaN in an input.
    """

    def __init__(self, kinds: Iterable[str] | None = None, *, bits: int = 16) -> None:
        super().__init__()
        self.kinds = frozenset(KINDS if kinds is None else kinds)
        for kind in sorted(self.kinds):
            if kind not in KINDS:
                raise PumiceError(f"expected a kind of {', '.join(KINDS)}, got '{kind}'")
        self.bits = bits
        self.calls: Counter[str] = Counter()
        self.clamped: Counter[str] = Counter()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """PyTorch calls this for each function."""
        kwargs = kwargs or {}
        if "softmax" in self.kinds:
            if func is F.scaled_dot_product_attention:
                return _attention(self, *args, **kwargs)
            if func is F.multi_head_attention_forward:
                with self:
                    return _multi_head_attention(*args, **kwargs)
        found = _HANDLERS.get(func)
        if found is None or found[0] not in self.kinds:
            return func(*args, **kwargs)
        kind, handler = found
        self.calls[kind] += 1
        return handler(self, kind, func, *args, **kwargs)

    def _scalar(self, kind: str, original: Callable[..., Tensor], x: Tensor) -> Tensor:
        net = library.function(kind, self.bits)

        def approximate(x: Tensor) -> Tensor:
            values, clamped = net.evaluate(x.detach().numpy())
            self.clamped[kind] += clamped
            return torch.from_numpy(values).to(x.dtype)

        result: Tensor = _replaced(original, approximate, x)
        return result

    def _composed(
        self, name: str, original: Callable[..., Tensor], x: Tensor, axis: int, **options: Any
    ) -> Tensor:
        """`options`: of `compose`; a softmax of -inf is masked there."""

        def approximate(x: Tensor) -> Tensor:
            array = x.detach().to(torch.float64).numpy()
            if name.endswith("softmax"):
                values = library.compose(
                    name, array, axis=axis, mask=array != -np.inf, bits=self.bits
                )
            else:
                values = library.compose(name, array, axis=axis, bits=self.bits, **options)
            return torch.from_numpy(np.ascontiguousarray(values)).to(x.dtype)

        result: Tensor = _replaced(original, approximate, x)
        return result


def _scalar(
    mode: Substitution, kind: str, func: Any, x: Tensor, *args: Any, **kwargs: Any
) -> Tensor:
    given = {**dict(zip(_POSITIONAL.get(kind, ()), args, strict=False)), **kwargs}
    given.pop("inplace", None)
    if any(given.get(key) not in (None, value) for key, value in _DEFAULTS.items()):
        if kind == "gelu" and given.get("approximate") == "tanh":
            return mode._scalar("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), x)
        mode.calls[kind] -= 1
        plain: Tensor = func(x, *args, **kwargs)  # other parameters: not of the library
        return plain
    return mode._scalar(kind, func, x)


#: Parameters after the first, and those of functions of the library.
_POSITIONAL = {"softplus": ("beta", "threshold"), "elu": ("alpha", "inplace")}
_DEFAULTS = {"approximate": "none", "beta": 1, "threshold": 20, "alpha": 1.0, "out": None}


def _division(
    mode: Substitution,
    kind: str,
    func: Any,
    a: Tensor,
    b: Any,
    *,
    rounding_mode: str | None = None,
    **kwargs: Any,
) -> Tensor:
    """A product with the reciprocal, if both are tensors of floating point numbers."""
    tensors = isinstance(a, Tensor) and isinstance(b, Tensor)
    if not tensors or rounding_mode or kwargs or not torch.result_type(a, b).is_floating_point:
        mode.calls[kind] -= 1
        if rounding_mode:
            kwargs["rounding_mode"] = rounding_mode
        plain: Tensor = func(a, b, **kwargs)
        return plain
    y: Tensor = a * mode._scalar("reciprocal", torch.reciprocal, b)
    return y


def _reversed_division(mode: Substitution, kind: str, func: Any, b: Tensor, a: Any) -> Tensor:
    """`a / b`, with a number `a`."""
    y: Tensor = a * mode._scalar("reciprocal", torch.reciprocal, b)
    return y


def _softmax(
    mode: Substitution,
    kind: str,
    func: Any,
    x: Tensor,
    dim: int | None = None,
    *args: Any,
    dtype: torch.dtype | None = None,
    **kwargs: Any,
) -> Tensor:
    if dtype is not None:
        x = x.to(dtype)
    axis = -1 if dim is None else dim
    plain = torch.softmax if kind == "softmax" else torch.log_softmax
    return mode._composed(kind, lambda x: plain(x, axis), x, axis)


def _layer_norm(
    mode: Substitution,
    kind: str,
    func: Any,
    x: Tensor,
    shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float | None = 1e-5,
) -> Tensor:
    sizes = [shape] if isinstance(shape, int) else list(shape)
    epsilon = torch.finfo(x.dtype).eps if eps is None else eps
    plain = F.layer_norm if kind == "layer_norm" else F.rms_norm

    def original(x: Tensor) -> Tensor:
        return plain(x, [math.prod(sizes)], eps=epsilon)

    rows = x.flatten(-len(sizes))
    y = mode._composed(kind, original, rows, -1, epsilon=epsilon).reshape(x.shape)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _group_norm(
    mode: Substitution,
    kind: str,
    func: Any,
    x: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    rows = x.reshape(x.shape[0] * num_groups, -1)
    y = mode._composed(
        "layer_norm", lambda x: F.layer_norm(x, x.shape[1:], eps=eps), rows, -1, epsilon=eps
    ).reshape(x.shape)
    shape = [1, -1] + [1] * (x.dim() - 2)
    y = y if weight is None else y * weight.view(shape)
    return y if bias is None else y + bias.view(shape)


def _normalize(
    mode: Substitution,
    kind: str,
    func: Any,
    x: Tensor,
    p: float = 2.0,
    dim: int = 1,
    eps: float = 1e-12,
    out: Tensor | None = None,
) -> Tensor:
    if p != 2 or out is not None:
        mode.calls[kind] -= 1
        return F.normalize(x, p, dim, eps, out)
    return mode._composed("l2_norm", lambda x: F.normalize(x, 2, dim, eps), x, dim, epsilon=eps)


def _attention(
    mode: Substitution,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """torch.nn.functional.scaled_dot_product_attention from its documentation."""
    if enable_gqa:
        repeats = query.shape[-3] // key.shape[-3]
        key, value = (part.repeat_interleave(repeats, -3) for part in (key, value))
    scores = query @ key.transpose(-2, -1) * (scale or query.shape[-1] ** -0.5)
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=query.device).tril()
    if attn_mask is not None:
        if attn_mask.dtype == torch.bool:
            scores = scores.masked_fill(~attn_mask, -math.inf)
        else:
            scores = scores + attn_mask
    mode.calls["softmax"] += 1
    shares = mode._composed("softmax", lambda x: torch.softmax(x, -1), scores, -1)
    return F.dropout(shares, dropout_p, training=dropout_p > 0) @ value


#: torch.nn.functional.multi_head_attention_forward, which PyTorch hands to a mode as one call,
#: without the test that does so: a mode then sees its softmax.
_multi_head_attention = FunctionType(
    F.multi_head_attention_forward.__code__,
    {**F.multi_head_attention_forward.__globals__, "has_torch_function": lambda _: False},
    argdefs=F.multi_head_attention_forward.__defaults__,
    closure=F.multi_head_attention_forward.__closure__,
)


def _handlers() -> dict[Any, tuple[str, Callable[..., Tensor]]]:
    found: dict[Any, tuple[str, Callable[..., Tensor]]] = {}
    for kind in ("gelu", "silu", "mish", "softplus", "elu"):
        found[getattr(F, kind)] = (kind, _scalar)
    for kind in ("sigmoid", "tanh", "exp", "log", "sqrt", "rsqrt", "reciprocal", "erf"):
        for owner in (torch, Tensor):
            found[getattr(owner, kind)] = (kind, _scalar)
    for kind in ("softmax", "log_softmax"):
        for owner in (torch, Tensor, F):
            found[getattr(owner, kind)] = (kind, _softmax)
    found[F.softmax] = ("softmax", _functional_softmax)
    found[F.log_softmax] = ("log_softmax", _functional_softmax)
    found[F.layer_norm] = ("layer_norm", _layer_norm)
    found[F.rms_norm] = ("rms_norm", _layer_norm)
    found[F.group_norm] = ("group_norm", _group_norm)
    divisions: tuple[Any, ...] = (
        torch.div, torch.true_divide, Tensor.div, Tensor.__truediv__,
    )  # fmt: skip
    for function in divisions:
        found[function] = ("division", _division)
    divisions = (Tensor.__rdiv__, Tensor.__rtruediv__)
    for function in divisions:
        found[function] = ("division", _reversed_division)
    found[F.normalize] = ("normalize", _normalize)
    return found


def _functional_softmax(
    mode: Substitution,
    kind: str,
    func: Any,
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: torch.dtype | None = None,
) -> Tensor:
    return _softmax(mode, kind, func, input, dim, dtype=dtype)


_HANDLERS = _handlers()


def unfreeze_neighbours(
    model: nn.Module,
    nets: Substitution,
    *args: Any,
    **kwargs: Any,
) -> list[str]:
    """Freezes a model but for the layers before and after each replaced function.

    As the paper fine-tunes: all is frozen, then one layer before and one after each net are
    unfrozen. A layer here is a module with a weight of two or more dimensions of its own. The
    model runs once, without gradients, on the arguments.

        nets = neon.Substitution()
        neon.unfreeze_neighbours(model, nets, x)
        optimizer = torch.optim.Adam(p for p in model.parameters() if p.requires_grad)
        for x, y in batches:
            with nets:
                loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    Args:
        model: is changed: `requires_grad` of its parameters.
        nets: what will be replaced.
        args, kwargs: an example input of the model.

    Returns:
        Names of the modules whose parameters are not frozen, in the order of their first call.

    Raises:
        PumiceError: no function is replaced, or none has a layer before or after it.
    """
    layers = {
        module: name
        for name, module in model.named_modules()
        if any(p.dim() > 1 for p in module.parameters(recurse=False))
    }
    order: list[str | None] = []  # names of layers, and None for replaced calls

    class Listener(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            before = sum(nets.calls.values())
            result = func(*args, **(kwargs or {}))
            order.extend([None] * (sum(nets.calls.values()) - before))
            return result

    def record(module: nn.Module, args: Any) -> None:
        order.append(layers[module])

    handles = [module.register_forward_pre_hook(record) for module in layers]
    try:
        with torch.no_grad(), nets, Listener():
            model(*args, **kwargs)
    finally:
        for handle in handles:
            handle.remove()
    kept: set[str] = set()
    for place, name in enumerate(order):
        if name is None:
            kept.update(_next(reversed(order[:place])))
            kept.update(_next(iter(order[place:])))
    if not kept:
        raise PumiceError("expected a model with a replaced function beside a layer, got none")
    model.requires_grad_(False)
    for module, name in layers.items():
        if name in kept:
            module.requires_grad_(True)
    return [name for name in dict.fromkeys(order) if name is not None and name in kept]


def _next(order: Iterable[str | None]) -> list[str]:
    return next(([name] for name in order if name is not None), [])
