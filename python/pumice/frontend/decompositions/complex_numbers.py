# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Complex numbers as pairs of real tensors, and Fourier transforms as products.

torch-mlir and the levels below know real numbers only. `complex_to_real` replaces every complex
value of an exported graph by its real and its imaginary part; each new node keeps the module path
and the source line of the op that it comes from. A Fourier transform of a known length becomes a
product with a constant matrix (`fourier`), which runs on arrays when the model is quantized.

Inputs, results and updated buffers of a model stay what they are, so complex ones are errors.
"""

from __future__ import annotations

from typing import Any

import torch
from torch._subclasses import fake_tensor
from torch.fx import GraphModule, Node

from pumice.frontend.decompositions.complex_ops import (
    CREATING,
    HANDLERS,
    REAL,
    SAME_FOR_BOTH,
    Value,
    created,
    each_part,
    holds_pair,
    is_complex,
)
from pumice.frontend.decompositions.emitter import Emitter
from pumice.frontend.decompositions.pairs import Pair, leaves
from pumice.frontend.errors import FrontendError, check_memory
from pumice.frontend.locations import module_path, source_line
from pumice.frontend.torch_mlir import first_line

__all__ = ["complex_to_real", "has_complex"]

_aten = torch.ops.aten

#: Ops that change only the shape of what they are given, and without.
_IN_PLACE = {
    _aten.transpose_.default: _aten.transpose.int,
    _aten.squeeze_.dim: _aten.squeeze.dim,
    _aten.unsqueeze_.default: _aten.unsqueeze.default,
}

#: What PyTorch raises for ops that it has no other form of, and for shapes that depend on data.
_NOT_SUPPORTED = (
    NotImplementedError,
    fake_tensor.DataDependentOutputException,
    fake_tensor.DynamicOutputShapeException,
    fake_tensor.UnsupportedFakeTensorException,
    fake_tensor.UnsupportedOperatorException,
)


def has_complex(graph: torch.fx.Graph) -> bool:
    """Whether a graph has complex values."""
    return any(is_complex(v) for node in graph.nodes for v in leaves(node.meta.get("val")))


def complex_to_real(module: GraphModule) -> None:
    """Replaces the complex values in a graph of torch.export, in place.

    Raises:
        FrontendError: a complex input, result or updated buffer; an op that is not known for
            complex numbers; a Fourier transform whose length is not known, or has a prime factor
            that is too large.
    """
    values: dict[Node, Value] = {}
    replaced: list[Node] = []
    for node in list(module.graph.nodes):
        if node.op == "output":
            _check_results(node, values)
            continue
        found = [values.get(source, source) for source in node.all_input_nodes]
        concerned = any(holds_pair(value) for value in found)
        if not concerned and not any(map(is_complex, leaves(node.meta.get("val")))):
            continue
        replaced.append(node)
        values[node] = _replacement(node, values)
        if isinstance(values[node], Node):
            node.replace_all_uses_with(values[node])
    for node in reversed(replaced):
        module.graph.erase_node(node)
    module.graph.eliminate_dead_code()
    module.recompile()


def _check_results(output: Node, values: dict[Node, Value]) -> None:
    results = torch.fx.node.map_arg(output.args, lambda node: values.get(node, node))
    for place, leaf in enumerate(leaves(results)):
        if isinstance(leaf, Pair):
            raise FrontendError(
                f"result {place} of the model is complex, expected real results: return"
                " torch.view_as_real of it"
            )


def _replacement(node: Node, values: dict[Node, Value]) -> Value:
    """What a node with complex operands or results becomes."""
    if node.op == "placeholder":
        dtype = str(node.meta["val"].dtype).removeprefix("torch.")
        raise FrontendError(
            f"input '{node.name}' is {dtype}, expected a real tensor: pass torch.view_as_real of"
            " it, and begin the model with torch.view_as_complex",
            op=node.name,
        )
    call = Emitter(node)
    if node.op == "get_attr":
        if node.meta["val"].dtype not in REAL:
            raise _refused(node, "of complex32")
        parts = (torch.real, "real"), (torch.imag, "imag")
        re, im = (call.derived_parameter(node, suffix, part) for part, suffix in parts)
        return Pair(re, im)
    args, kwargs = torch.fx.node.map_arg(
        (node.args, node.kwargs), lambda source: values.get(source, source)
    )
    # map_arg makes immutable containers, in which it does not look for pairs again.
    return _apply(call, node.target, args, kwargs, node.meta.get("val"))


def _apply(call: Emitter, target: Any, args: Any, kwargs: Any, result: Any) -> Value:
    """Writes what an op computes of pairs; `result` is a fake tensor of its type, or several."""
    if any(leaf.dtype is torch.complex32 for leaf in leaves(result) if is_complex(leaf)):
        raise _refused(call.node, "of complex32")
    handler = HANDLERS.get(target)
    if handler is not None:
        return handler(call, target, args, kwargs, result)
    packet = getattr(target, "overloadpacket", None)
    if packet in SAME_FOR_BOTH:
        return each_part(call, target, args, kwargs, result)
    if packet in CREATING:
        return created(call, target, args, kwargs, result)
    if isinstance(target, torch._ops.OpOverload) and _is_composite(target):
        return _inlined(call, target, args, kwargs)
    raise _refused(call.node, "of complex numbers", target)


def _is_composite(target: Any) -> bool:
    return bool(target.has_kernel_for_dispatch_key(torch._C.DispatchKey.CompositeImplicitAutograd))


def _refused(node: Node, what: str, target: Any = None) -> FrontendError:
    where, source = _place_of(node)
    op = str(target or node.target)
    return FrontendError(f"op '{op}' {what} is not supported {where}", op=op, source=source)


def _failed(node: Node, target: Any, error: Exception) -> FrontendError:
    where, source = _place_of(node)
    text = f"cannot trace op '{target}' {where}: {type(error).__name__}: {first_line(error)}"
    return FrontendError(text, op=str(target), source=source)


def _place_of(node: Node) -> tuple[str, str | None]:
    """A node, its module and its source line in words; the source line."""
    path = module_path(node)
    file, line = source_line(node.meta.get("stack_trace"))
    source = f"{file}:{line}" if file else None
    module = f" in module '{path}'" if path else ""
    return f"(node '{node.name}'){module}" + (f" at {source}" if source else ""), source


def _inlined(call: Emitter, target: Any, args: Any, kwargs: Any) -> Value:
    """The ops that PyTorch itself makes of an op, applied one after the other."""
    from torch.fx.experimental.proxy_tensor import make_fx

    flat, spec = torch.utils._pytree.tree_flatten((args, kwargs))
    places = [place for place, leaf in enumerate(flat) if isinstance(leaf, (Node, Pair))]

    def compute(*tensors: torch.Tensor) -> Any:
        given = list(flat)
        for place, tensor in zip(places, tensors, strict=True):
            given[place] = tensor
        again, names = torch.utils._pytree.tree_unflatten(given, spec)
        return target(*again, **names)

    functional = torch.func.functionalize(compute)
    fakes = [_fake(flat[place]) for place in places]
    if any(not isinstance(size, int) for fake in fakes for size in fake.shape):
        raise _refused(call.node, "of complex numbers of a size that is not known", target)
    try:
        with call.fakes(), torch.no_grad():
            traced = make_fx(functional)(*fakes)
    except _NOT_SUPPORTED as error:
        raise _refused(call.node, "of complex numbers", target) from error
    except Exception as error:
        check_memory(error, f"trace op '{target}'")
        raise _failed(call.node, target, error) from error
    sources = iter(flat[place] for place in places)
    known: dict[Node, Value] = {}
    for node in traced.graph.nodes:
        if node.op == "placeholder":
            known[node] = next(sources)
        elif node.op == "get_attr":
            known[node] = call.constant(node.name, getattr(traced, str(node.target)))
        else:
            known[node] = _step(call, node, known)
    return known[node]


def _step(call: Emitter, node: Node, known: dict[Node, Value]) -> Value:
    args, kwargs = _mapped(node.args, known), _mapped(node.kwargs, known)
    if node.op == "output":
        return args[0]
    called: Any = node.target
    target = _IN_PLACE.get(called, called)
    result = node.meta.get("val")
    concerned = any(holds_pair(leaf) for leaf in leaves([*args, *kwargs.values()]))
    if concerned or any(map(is_complex, leaves(result))):
        made = _apply(call, target, args, kwargs, result)
    else:
        made = call(target, *args, **kwargs)
    if target is not called:
        known[node.args[0]] = made  # type: ignore[index]
    return made


def _mapped(value: Any, known: dict[Node, Value]) -> Any:
    if isinstance(value, Node):
        return known[value]
    if isinstance(value, (tuple, list)):
        return [_mapped(item, known) for item in value]
    if isinstance(value, dict):
        return {key: _mapped(item, known) for key, item in value.items()}
    return value


def _fake(value: Node | Pair) -> torch.Tensor:
    if isinstance(value, Node):
        found: torch.Tensor = value.meta["val"]
        return found
    return torch.complex(value.re.meta["val"], value.im.meta["val"])
