# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports modules to torch.export.ExportedProgram, with errors that name the op."""

from __future__ import annotations

import contextlib
import re
import traceback
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pumice.frontend.errors import FrontendError, check_memory
from pumice.frontend.locations import LIBRARY_FILE, source_line
from pumice.frontend.silence import quiet, without_partial_graph

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram
    from torch.fx import Node

    from pumice.frontend.locations import LocationTable

__all__ = [
    "as_arguments",
    "check_program",
    "evaluation_mode",
    "export_program",
    "of_real_numbers",
    "reject_random",
    "reject_rankings",
]


def as_arguments(
    inputs: Any, kwargs: Mapping[str, Any] | None = None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Normalizes example inputs to (args, kwargs).

    A tuple or list is the positional arguments, a mapping the keyword arguments, anything else
    the only positional argument.
    """
    keywords = dict(kwargs or {})
    if isinstance(inputs, (tuple, list)):
        return tuple(inputs), keywords
    if isinstance(inputs, Mapping):
        return (), {**inputs, **keywords}
    return (() if inputs is None else (inputs,)), keywords


@contextlib.contextmanager
def evaluation_mode(model: torch.nn.Module) -> Iterator[None]:
    """Puts a module in eval mode and restores each submodule's own mode afterwards."""
    modes = {module: module.training for module in model.modules()}
    # Modules out of torch.export have no modes and refuse to be asked.
    with contextlib.suppress(NotImplementedError):
        model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def export_program(
    model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], dynamic_shapes: Any = None
) -> ExportedProgram:
    """Exports a module for inference with these example inputs; an ExportedProgram is passed on.

    Raises:
        FrontendError: not a module; the inputs do not fit its forward; data-dependent shapes or
            control flow; whatever else torch.export refuses, with the user's source line.
    """
    import torch
    from torch.export import ExportedProgram

    from pumice.frontend.state import buffers_for_constants

    if isinstance(model, ExportedProgram):
        examples: Any = model.example_inputs or ((), {})
        return of_real_numbers(model, *examples)
    if not isinstance(model, torch.nn.Module):
        raise FrontendError(
            f"expected a torch.nn.Module or a torch.export.ExportedProgram, got {_kind(model)}"
        )
    if not args and not kwargs:
        raise FrontendError(f"expected example inputs for {type(model).__name__}, got none")
    try:
        with (
            quiet(),
            without_partial_graph(),
            _masks_as_they_are(),
            evaluation_mode(model),
            torch.no_grad(),
        ):
            program = torch.export.export(
                model, args, kwargs, dynamic_shapes=dynamic_shapes, strict=False
            )
    except Exception as error:
        check_memory(error, f"export {type(model).__name__}")
        raise _explain(model, error, args, kwargs) from error
    buffers_for_constants(program)
    return of_real_numbers(program, args, kwargs, dynamic_shapes)


def of_real_numbers(
    program: ExportedProgram,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    dynamic_shapes: Any = None,
) -> ExportedProgram:
    """A program without complex values: its own, if it has none.

    Raises:
        FrontendError: see `complex_to_real`.
    """
    import torch

    from pumice.frontend.decompositions.complex_numbers import complex_to_real, has_complex
    from pumice.frontend.state import buffers_for_constants

    if not has_complex(program.graph):
        return program
    with quiet(), torch.no_grad():
        # Without updates in place, of which parts of a value would know nothing.
        module = program.run_decompositions({}).module(check_guards=False)
        complex_to_real(module)
        real = torch.export.export(
            module, args, kwargs, dynamic_shapes=dynamic_shapes, strict=False
        )
    buffers_for_constants(real)
    return real


@contextlib.contextmanager
def _masks_as_they_are() -> Iterator[None]:
    """Lets nn.Transformer take masks without looking at their values.

    It compares each with a causal mask, only to choose a faster kernel, and export cannot follow a
    branch on values: a DataDependentOutputException, known upstream since the comparison is there
    (https://github.com/pytorch/pytorch/pull/91171). A mask that is not called causal is added as it
    is: the result is the same. This replaces torch.nn.modules.transformer._detect_is_causal_mask.
    """
    from torch.nn.modules import transformer

    original = transformer._detect_is_causal_mask

    def as_told(mask: Any, is_causal: bool | None = None, size: int | None = None) -> bool:
        return bool(is_causal)

    transformer._detect_is_causal_mask = as_told
    try:
        yield
    finally:
        transformer._detect_is_causal_mask = original


def _kind(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def _shapes(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    def one(value: Any) -> str:
        shape = getattr(value, "shape", None)
        if shape is None:
            return type(value).__name__
        return f"{str(getattr(value, 'dtype', '')).removeprefix('torch.')}{list(shape)}"

    words = [one(value) for value in args]
    words += [f"{name}={one(value)}" for name, value in kwargs.items()]
    return "(" + ", ".join(words) + ")"


def _explain(
    model: Any, error: Exception, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> FrontendError:
    """Describes in one line why an export failed, and where in the user's code."""
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not LIBRARY_FILE.search(frame.filename) and frame.filename != __file__
    ]
    # Frames above the model are the caller of export, not the model.
    own = [frame for frame in own if "/pumice/frontend/" not in frame.filename]
    source = f"{own[-1].filename}:{own[-1].lineno}" if own else None
    code = (own[-1].line or "").strip() if own else ""
    where = f" at {source}" + (f": {code}" if code else "") if source else ""
    name = type(model).__name__
    text = str(error).strip()
    first = text.splitlines()[0] if text else type(error).__name__
    if "data-dependent" in text or "DataDependent" in type(error).__name__:
        op = _last_recorded_op(text) or "aten.item.default"
        return FrontendError(
            f"'{op}' makes shapes or control flow of {name} depend on data"
            f" (expected a static graph){where}",
            op=op,
            source=source,
        )
    shapes = _shapes(args, kwargs)
    return FrontendError(
        f"cannot export {name} with example inputs {shapes}:"
        f" {first.rstrip('.')}{_other_floats(model, args, kwargs)}{where}",
        source=source,
    )


def _other_floats(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """What to do about inputs in float64, which is NumPy's default, for a model in float32."""
    import torch

    given = {getattr(value, "dtype", None) for value in (*args, *kwargs.values())}
    own = {parameter.dtype for parameter in model.parameters()}
    if torch.float64 in given and torch.float64 not in own and torch.float32 in own:
        return " (the model is in float32: convert its inputs to float32)"
    return ""


def _source_of(node: Node, table: LocationTable | None) -> str | None:
    trace = node.meta.get("stack_trace")
    if table is not None:
        location = table.find(trace)
        return location.source if location else None
    file, line = source_line(trace)
    return f"{file}:{line}" if file else None


def reject_random(program: ExportedProgram, table: LocationTable) -> None:
    """Rejects random numbers: dropout is gone from a decomposed program in eval mode.

    Raises:
        FrontendError: an op draws random numbers.
    """
    import torch

    for node in program.graph.nodes:
        if torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ()):
            source = _source_of(node, table)
            where = f" at {source}" if source else ""
            raise FrontendError(
                f"'{node.target}' draws random numbers, expected a pure function of the"
                f" inputs{where}",
                op=str(node.target),
                source=source,
            )


def reject_rankings(program: ExportedProgram, table: LocationTable) -> None:
    """Rejects rankings of more elements than can be compared.

    Raises:
        FrontendError: a `sort`, `topk`, `kthvalue` or `median` has no decomposition.
    """
    from pumice.frontend.decompositions.first_of_sorted import ranking_of
    from pumice.frontend.decompositions.scans import most_ranked

    for node in program.graph.nodes:
        ranking = ranking_of(node)
        if ranking is None or ranking[0] <= most_ranked(ranking[1]):
            continue
        count, elements = ranking[:2]
        source = _source_of(node, table)
        where = f" at {source}" if source else ""
        raise FrontendError(
            f"op '{node.target}' (node '{node.name}'){where} has no linalg form: it ranks"
            f" {count} of {elements} elements, expected at most the first"
            f" {most_ranked(elements)} of so many",
            op=str(node.target),
            source=source,
        )


def _last_recorded_op(text: str) -> str | None:
    found = re.findall(r"torch\.ops\.([\w.]+)\(", text)
    return found[-1] if found else None


def check_program(program: ExportedProgram, table: LocationTable | None = None) -> None:
    """Rejects programs that no later level can express, naming the op and its source line.

    Args:
        table: the replacements of the program's locations, if any.

    Raises:
        FrontendError: control flow operators, dynamic or data-dependent dimensions, a program
            that changes its inputs.
    """
    import torch
    from torch._ops import HigherOrderOperator

    signature = program.graph_signature
    for node in program.graph.nodes:
        source = _source_of(node, table)
        where = f" at {source}" if source else ""
        if isinstance(node.target, HigherOrderOperator):
            raise FrontendError(
                f"control flow operator '{node.target}' is not supported"
                f" (expected straight-line code){where}",
                op=str(node.target),
                source=source,
            )
        values = node.meta.get("val")
        for value in values if isinstance(values, (tuple, list)) else [values]:
            if not isinstance(value, torch.Tensor):
                continue
            if all(isinstance(size, int) for size in value.shape):
                continue
            shape = [size if isinstance(size, int) else str(size) for size in value.shape]
            if node.op == "placeholder":
                raise FrontendError(
                    f"input '{node.name}' has the dynamic shape {shape}, expected a static one:"
                    " export with static shapes, pass the module and example inputs, or use"
                    " pumice.compile_dynamic",
                    op=node.name,
                )
            raise FrontendError(
                f"'{node.target}' gives a data-dependent shape {shape}, expected a static"
                f" one{where}",
                op=str(node.target),
                source=source,
            )
    changed = list(signature.user_inputs_to_mutate.values())
    if changed:
        raise FrontendError(
            f"the model changes its input '{changed[0]}', expected it to change only its own"
            " buffers: return the new value, or register a buffer"
        )
