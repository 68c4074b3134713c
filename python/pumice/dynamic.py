# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs for inputs of several sizes: one exported model, a machine program per size."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from pumice.compiler import Options, compile_imported
from pumice.device import Device, as_device
from pumice.errors import CompileError
from pumice.frontend.errors import FrontendError
from pumice.options import CompileOptions
from pumice.program import Program, Result

if TYPE_CHECKING:
    from torch.export import ExportedProgram

    from pumice.report import Report

__all__ = ["DynamicProgram", "DynamicSize", "compile_dynamic"]


@dataclass(frozen=True)
class DynamicSize:
    """A size that a call chooses.

    Attributes:
        input: name of the first input that has it.
        dim: the dimension of that input.
        least, most: bounds, inclusive; None for no bound.
    """

    input: str
    dim: int
    least: int
    most: int | None


class DynamicProgram:
    """A model with symbolic dimensions, compiled for each combination of sizes when it is used.

    The programs share the weights and the state of the model.

    Attributes:
        sizes: the sizes that a call chooses.
        device, options: as for `pumice.compile`.
    """

    def __init__(
        self, exported: ExportedProgram, device: str | Device | None, options: Options = None
    ) -> None:
        """Takes an exported program; `compile_dynamic` makes one of a module.

        Raises:
            FrontendError: the program has no symbolic dimension.
            PumiceError: no such device.
        """
        from pumice.frontend.signature import dynamic_inputs

        self.device = as_device(device) or "ideal"
        self.options = CompileOptions.of(options)
        self._signature, self._shapes = dynamic_inputs(exported)
        bounds = exported.range_constraints
        sizes: dict[Any, DynamicSize] = {}
        for name, shape in self._shapes.items():
            for dim, size in enumerate(shape):
                symbol = _symbol(size)
                if symbol is not None and symbol not in sizes:
                    sizes[symbol] = DynamicSize(name, dim, *_bounds(bounds.get(symbol)))
        if not sizes:
            raise FrontendError(
                "expected a model with symbolic dimensions, got one whose inputs have one size:"
                " use pumice.compile"
            )
        self._sizes = sizes
        # Its parameters are the tensors of the model.
        self._module = exported.module(check_guards=False)
        self._in_spec = exported.call_spec.in_spec
        self._programs: dict[tuple[int, ...], Program] = {}
        self._compiling = threading.Lock()

    @property
    def sizes(self) -> tuple[DynamicSize, ...]:
        """In order of the inputs."""
        return tuple(self._sizes.values())

    @property
    def programs(self) -> Mapping[tuple[int, ...], Program]:
        """The programs so far, by the values of `sizes`."""
        return MappingProxyType(self._programs)

    def program(self, *args: Any, **kwargs: Any) -> Program:
        """The program for inputs of these sizes, compiled at the first call.

        Args:
            args, kwargs: as for `run`; also anything with `shape` and `dtype`.

        Raises:
            FrontendError: wrong number, structure, shape or dtype of inputs, or a size that is out
                of bounds.
            CompileError: the model of that size does not fit the device.
        """
        values = self._bind(self._signature.leaves(args, kwargs))
        with self._compiling:
            if values not in self._programs:
                self._programs[values] = self._compile(values)
        return self._programs[values]

    def run(self, *args: Any, threads: int | None = None, **kwargs: Any) -> Result:
        """Runs the program for the sizes of these inputs; see `Program.run`.

        Raises:
            FrontendError, CompileError: as for `program`.
            PumiceError: the machine cannot run the program.
        """
        return self.program(*args, **kwargs).run(*args, threads=threads, **kwargs)

    __call__ = run

    def estimate(self, *args: Any, **kwargs: Any) -> Report:
        """The cost for the sizes of these inputs; see `Program.estimate` and `program`."""
        return self.program(*args, **kwargs).estimate()

    @property
    def state(self) -> dict[str, npt.NDArray[Any]]:
        """The state that the programs share; see `Program.state`. Empty before the first one."""
        return next((program.state for program in self._programs.values()), {})

    def reset(self) -> None:
        """Gives the state the values that it had when the model was exported."""
        for program in self._programs.values():
            program.reset()
            return

    def _bind(self, leaves: list[Any]) -> tuple[int, ...]:
        """The values of `sizes` in a call."""
        found: dict[Any, int] = {}
        derived: list[tuple[str, int, Any, int]] = []
        for spec, leaf in zip(self._signature.inputs, leaves, strict=True):
            if spec.dtype is None:
                continue  # a Python value, which the program checks
            shape = getattr(leaf, "shape", None)
            dtype = str(getattr(leaf, "dtype", None)).removeprefix("torch.")
            expected = self._shapes[spec.name]
            if shape is None or dtype != spec.dtype or len(shape) != len(expected):
                got = type(leaf).__name__ if shape is None else f"{dtype}{list(shape)}"
                raise FrontendError(
                    f"input '{spec.name}': expected {spec.dtype} of {len(expected)} dimensions, got"
                    f" {got}"
                )
            for dim, (size, given) in enumerate(zip(expected, map(int, shape), strict=True)):
                symbol = _symbol(size)
                if symbol is None:
                    derived.append((spec.name, dim, size, given))
                elif found.setdefault(symbol, given) != given:
                    first = self._sizes[symbol]
                    raise FrontendError(
                        f"input '{spec.name}': dimension {dim} is {given}, expected"
                        f" {found[symbol]} as dimension {first.dim} of '{first.input}'"
                    )
        for symbol, bounds in self._sizes.items():
            given = found[symbol]
            if given < bounds.least or (bounds.most is not None and given > bounds.most):
                most = "" if bounds.most is None else f" and at most {bounds.most}"
                raise FrontendError(
                    f"input '{bounds.input}': dimension {bounds.dim} is {given}, expected at least"
                    f" {bounds.least}{most}"
                )
        for name, dim, size, given in derived:
            expected_size = size if isinstance(size, int) else _evaluated(size, found)
            if expected_size != given:
                raise FrontendError(
                    f"input '{name}': dimension {dim} is {given}, expected {expected_size}"
                )
        return tuple(found[symbol] for symbol in self._sizes)

    def _compile(self, values: tuple[int, ...]) -> Program:
        import torch
        from torch.utils import _pytree as pytree

        from pumice.frontend import import_model

        found = dict(zip(self._sizes, values, strict=True))
        leaves: list[Any] = []
        for spec in self._signature.inputs:
            if spec.dtype is None:
                leaves.append(spec.value)
                continue
            shape = [
                size if isinstance(size, int) else _evaluated(size, found)
                for size in self._shapes[spec.name]
            ]
            leaves.append(torch.zeros(shape, dtype=getattr(torch, spec.dtype)))
        args, kwargs = pytree.tree_unflatten(leaves, self._in_spec)
        imported = import_model(self._module, args, example_kwargs=kwargs)
        program = compile_imported(imported, self.device, options=self.options)
        for other in self._programs.values():
            program.share_state(other)
            break
        return program


def compile_dynamic(
    model: Any,
    example_inputs: Any = None,
    *,
    example_kwargs: Mapping[str, Any] | None = None,
    dynamic_shapes: Any = None,
    device: str | Device | None = None,
    calibration: Iterable[Any] | None = None,
    quantize: bool | None = None,
    options: Options = None,
) -> DynamicProgram:
    """Prepares a model for inputs of several sizes: batches, lengths of sequences.

    The model is exported once, and compiled for the sizes of a call when they first occur. All
    programs share the weights of the model.

    Args:
        model: an nn.Module, a module quantized with PT2E, or an ExportedProgram with symbolic
            dimensions, for which the other arguments are not needed.
        example_inputs, example_kwargs: as for `pumice.compile`; symbolic dimensions of at least 2.
        dynamic_shapes: as for torch.export.export: `({0: torch.export.Dim("batch", max=8)},)`.
        device, options: as for `pumice.compile`.
        calibration, quantize: as for `pumice.compile`. PT2E lets only the batch size free, so a
            model with other symbolic dimensions needs `quantize=False`.

    Raises:
        FrontendError: the model cannot be exported with these symbolic dimensions, or has none.
        PumiceError: no such device.
    """
    from pumice.frontend import is_quantized
    from pumice.frontend import quantize as quantize_model
    from pumice.frontend.convertible import ConvertibleNetwork
    from pumice.frontend.export import as_arguments, export_program

    device = as_device(device)
    if isinstance(model, ConvertibleNetwork):
        model = model.convert()
    exported = not hasattr(model, "forward") or hasattr(model, "graph_signature")
    if exported and dynamic_shapes is not None:
        raise CompileError(
            "expected dynamic_shapes for a torch.nn.Module, got an exported program, which has its"
            " own"
        )
    args, kwargs = as_arguments(example_inputs, example_kwargs)
    if quantize is None:
        quantize = not exported and not is_quantized(model)
    if quantize:
        example: Any = kwargs or args
        if args and kwargs:
            raise CompileError(
                "expected example inputs all by position or all by name to quantize with, got"
                " both: quantize the model first (pumice.quantize)"
            )
        inputs = [example] if calibration is None else calibration
        model = quantize_model(model, inputs, example_inputs=example)
    return DynamicProgram(export_program(model, args, kwargs, dynamic_shapes), device, options)


def _symbol(size: Any) -> Any:
    """The sympy symbol that a size is; None for a number or an expression of symbols."""
    expression = getattr(getattr(size, "node", None), "expr", None)
    return expression if getattr(expression, "is_symbol", False) else None


def _evaluated(size: Any, values: Mapping[Any, int]) -> int:
    return int(size.node.expr.subs(values))


def _bounds(found: Any) -> tuple[int, int | None]:
    """The bounds of a torch ValueRanges."""
    if found is None:
        return 0, None
    most = found.upper
    return int(found.lower), int(most) if getattr(most, "is_Integer", False) else None
