# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled models: run them, estimate their cost, read their IR, save them."""

from __future__ import annotations

import contextlib
import html
import json
import os
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from pumice.arrays import as_bfloat16, is_torch, to_numpy
from pumice.diagnostics import text_of
from pumice.errors import CompileError, PumiceError, SaturationWarning
from pumice.files import native_path, parsed_json, write_text
from pumice.interrupts import interruptible
from pumice.levels import LEVELS, parse_file
from pumice.options import CompileOptions
from pumice.report import CodeStats, Report
from pumice.tensors import MachineTensor, tensors_from_json

if TYPE_CHECKING:
    from pumice.comparison import Comparison
    from pumice.device import Device
    from pumice.frontend.signature import Signature
    from pumice.observation import Observation

__all__ = ["LEVELS", "Program", "Result", "load"]

_SIGNATURE = "simulator.signature"
_UNSIGNED = ("uint8", "uint16", "uint32", "uint64")


@dataclass(repr=False)
class Result:
    """The result of a run.

    Attributes:
        outputs: in the structure that the PyTorch model returns; torch tensors if an input was a
            torch tensor, else NumPy arrays.
        report: time, energy and events of the run.
        tensors: with `keep`, every computed tensor by the name of its graph node.
    """

    outputs: Any
    report: Report
    tensors: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"Result(outputs={_shape_of(self.outputs)}, report={self.report!r},"
            f" tensors={len(self.tensors)})"
        )

    def _repr_html_(self) -> str:
        return f"<pre>outputs: {html.escape(_shape_of(self.outputs))}</pre>" + (
            self.report._repr_html_()
        )


def _shape_of(value: Any) -> str:
    """The structure of outputs with dtypes and shapes in place of numbers."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {_shape_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(map(_shape_of, value)) + ")"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return _described(str(value.dtype).removeprefix("torch."), tuple(value.shape))
    return repr(value)


class Program:
    """A model compiled for a device.

    Attributes:
        signature: inputs and outputs in terms of the PyTorch model; None for a program that was
            compiled from MLIR.
        timings: seconds by phase of compilation.
        options: the options of the compilation; the defaults for a loaded program.
        statistics: the statistics of module passes by flag of the pass and by name, such as
            `statistics["ap-compile-programs"]["additions"]`; empty for a loaded program.
        exported: the compiled torch.export.ExportedProgram, which `compare` evaluates; None for a
            program that was loaded or compiled from a file. It shares its weights with the model.
        float_model: the torch.nn.Module that `pumice.compile` quantized; None if it did not
            quantize.
        observed: what nonlinear functions read in the calibration, as JSON by probe, if nets or
            tables may compute them; else None.
        costs_only: compiled without weights or without calibration: the program can be estimated,
            and refuses to run.
    """

    def __init__(
        self,
        levels: Mapping[str, Any],
        timings: Mapping[str, float],
        *,
        options: CompileOptions | None = None,
        statistics: Mapping[str, Mapping[str, int]] | None = None,
    ) -> None:
        """Loads a machine program.

        Args:
            levels: a pumice.ir.Module by level, of `LEVELS`; "simulator" is required.
            timings, options, statistics: see the attributes.

        Raises:
            PumiceError: not a valid machine program.
        """
        from pumice._mlir_libs import _pumice

        self._levels = dict(levels)
        self.timings = dict(timings)
        self.options = options or CompileOptions()
        self.statistics = {name: dict(counts) for name, counts in (statistics or {}).items()}
        self.signature: Signature | None = None
        self.exported: Any = None
        self.float_model: Any = None
        self.observed: str | None = None
        self.costs_only = False
        self._is_absent = False  #: without weights
        self._running = threading.RLock()
        self._depth = 0
        self._warned = False
        self._warned_saturated: set[tuple[str, str]] = set()
        try:
            self._machine = _pumice.Program(self._levels["simulator"])
        except _pumice.DiagnosticError as error:
            raise PumiceError(text_of(error.diagnostics), diagnostics=error.diagnostics) from None

    @property
    def inputs(self) -> list[tuple[str, str, tuple[int, ...]]]:
        """Name, dtype and shape of each input of the machine program."""
        return [(name, dtype, tuple(shape)) for name, dtype, shape in self._machine.inputs]

    @property
    def outputs(self) -> list[tuple[str, str, tuple[int, ...]]]:
        """Name, dtype and shape of each output of the machine program."""
        return [(name, dtype, tuple(shape)) for name, dtype, shape in self._machine.outputs]

    def __repr__(self) -> str:
        def listed(specs: Sequence[tuple[str, str, tuple[int, ...]]]) -> str:
            return ", ".join(f"{name}: {_described(dtype, shape)}" for name, dtype, shape in specs)

        return (
            f"Program(inputs=({listed(self.inputs)}),"
            f" outputs=({listed(self.outputs)}), levels={list(self.levels)})"
        )

    @property
    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Copies of the buffers that the model updates and the program keeps between runs, by name.

        Integers are signless, as in `outputs`. Empty for a model without such buffers.

        Raises:
            PumiceError: the program does not hold the data of a buffer.
        """
        try:
            return dict(self._machine.state)
        except ValueError as error:
            raise PumiceError(str(error)) from None

    def reset(self) -> None:
        """Gives the state the values that it had when the model was compiled."""
        with self._alone():
            self._machine.reset()

    def share_state(self, other: Program) -> None:
        """Keeps the state together with another program of the same network from now on.

        Raises:
            PumiceError: the state of the other one has other names, types or shapes.
        """
        try:
            self._machine.share_state(other._machine)
        except ValueError as error:
            raise PumiceError(str(error)) from None

    def _repr_html_(self) -> str:
        from pumice.tables import html_text, simple_table

        rows = [
            *(("input", name, _described(dtype, shape)) for name, dtype, shape in self.inputs),
            *(("output", name, _described(dtype, shape)) for name, dtype, shape in self.outputs),
            *(("level", level, "") for level in self.levels),
        ]
        return html_text(simple_table("Program", ["", "", ""], rows, left=3))

    def tensors(self) -> list[MachineTensor]:
        """The tensors that a run computes, in execution order."""
        return tensors_from_json(self._machine.tensors)

    @property
    def code(self) -> CodeStats | None:
        """The cost of generating native code for the digital regions; None before the first run."""
        text = self._machine.code_stats
        return CodeStats(**json.loads(text)) if text else None

    def run(
        self,
        *args: Any,
        threads: int | None = None,
        keep: bool | Callable[[str], bool] = False,
        **kwargs: Any,
    ) -> Result:
        """Runs the machine program on inputs like the example inputs.

        Args:
            args, kwargs: the arguments of the PyTorch model; torch tensors or NumPy arrays.
            threads: number of threads; all threads of the machine by default. The result does not
                depend on it.
            keep: keep every computed tensor in `Result.tensors`, or those for whose graph node's
                name it returns True. Later tensors of the same name are name#2, name#3, ...
                Quantized values are signless: view them as unsigned where the network quantizes to
                unsigned.

        Raises:
            FrontendError: wrong number, structure, shape or dtype of inputs.
            PumiceError: the machine cannot run the program.
        """
        self._require_values("run")
        leaves = self.flatten_inputs(args, kwargs)
        tensors: dict[str, npt.NDArray[Any]] = {}

        def observe(name: str, value: npt.NDArray[Any]) -> None:
            if keep is True or (callable(keep) and keep(name)):
                count = sum(1 for key in tensors if key.partition("#")[0] == name)
                tensors[f"{name}#{count + 1}" if count else name] = value

        results, report = self.run_flat(leaves, threads=threads, observe=observe if keep else None)
        values: list[Any] = [*results]
        if any(is_torch(leaf) for leaf in leaves):
            import torch

            halves = self._results_of("bfloat16")
            values = [
                torch.from_numpy(result.view("int16")).view(torch.bfloat16)
                if index in halves
                else torch.from_numpy(result)
                for index, result in enumerate(results)
            ]
        if self.signature is not None:
            outputs = self.signature.unflatten_outputs(values, leaves)
        else:
            outputs = values[0] if len(values) == 1 else tuple(values)
        return Result(outputs, report, tensors)

    __call__ = run

    def compare(
        self,
        *args: Any,
        tolerance: float = 0.05,
        reference: Any = None,
        threads: int | None = None,
        **kwargs: Any,
    ) -> Comparison:
        """Runs the PyTorch model and the machine, and compares them tensor by tensor.

        PyTorch computes the graph that was compiled. If `pumice.compile` quantized a float model,
        or if `reference` is a float model, the machine is also compared with the float model.

        Args:
            args, kwargs: as for `run`.
            tolerance: largest relative error that passes (see `Errors.relative`).
            reference: the PyTorch model, for programs without one (from `pumice.load`); or the
                float model from which the program's model was quantized; or the path of the ONNX
                model (.onnx) of the program, with which onnxruntime is compared node by node.
            threads: as for `run`.

        Raises:
            FrontendError: wrong number, structure, shape or dtype of inputs.
            PumiceError: no PyTorch model to compare with, or one with other results.
        """
        self._require_values("compare")
        if isinstance(reference, str | os.PathLike):
            from pumice.comparison.onnx import compare_onnx

            return compare_onnx(self, reference, args, kwargs, tolerance, threads)
        from pumice.comparison.run import compare

        return compare(self, args, kwargs, tolerance, reference, threads)

    def calibrate(
        self, batches: Iterable[Any], *, percentile: float = 100.0, threads: int | None = None
    ) -> None:
        """Sets the ranges of the device's `calibrated` converters, per layer, from data.

        The program runs on every batch with lossless converters. The range (`adc_range` of a
        layer's program op) becomes the largest column sum seen, or the given percentile of the
        sums.

        Args:
            batches: inputs, each a tensor, a tuple of positional arguments, or a dict of keyword
                arguments, as for `run`.
            percentile: above 0, at most 100.
            threads: as for `run`.

        Raises:
            FrontendError: wrong number, structure, shape or dtype of inputs.
            PumiceError: no batches, a percentile out of range, or a program that cannot run.
        """
        self._require_values("calibrate")
        if not 0 < percentile <= 100:
            raise PumiceError(f"expected a percentile above 0 and at most 100, got {percentile}")
        from pumice._mlir_libs import _pumice

        collector = _pumice.Collector(column_sums=True)
        if not self._collect(batches, collector, threads):
            raise PumiceError("expected at least one batch to calibrate with, got none")
        try:
            with self._alone():
                self._machine.set_adc_ranges(collector, percentile / 100)
        except ValueError as error:
            raise PumiceError(str(error)) from None

    def observe(
        self, batches: Iterable[Any], *, samples: int = 0, threads: int | None = None
    ) -> dict[str, Observation]:
        """Runs the program on every batch and collects what its probes show.

        Probes are ops of the program (`pum.probe`, `simulator.probe`). `CompileOptions` adds them
        by node of the graph (`probe_nodes`) or by kind of nonlinear function (`probe_kinds`). They
        cost nothing and change no result.

        Args:
            batches: as for `calibrate`.
            samples: elements of each probe to keep (`Observation.samples`).
            threads: as for `run`.

        Returns:
            What was seen, by the names of the probes.

        Raises:
            FrontendError: wrong number, structure, shape or dtype of inputs.
            PumiceError: a negative number of samples, or a program that cannot run.
        """
        from pumice._mlir_libs import _pumice
        from pumice.observation import observations

        self._require_values("observe")
        if samples < 0:
            raise PumiceError(f"expected a number of samples of at least 0, got {samples}")
        collector = _pumice.Collector(samples=samples)
        self._collect(batches, collector, threads)
        return observations(collector.report)

    def _collect(self, batches: Iterable[Any], collector: Any, threads: int | None) -> int:
        """Runs on each batch; returns how many there were."""
        count = 0
        for batch in batches:
            args = batch if isinstance(batch, tuple) else (batch,)
            named = batch if isinstance(batch, Mapping) else {}
            leaves = self.flatten_inputs(() if named else args, named)
            arrays = [to_numpy(leaf) for leaf in leaves]
            try:
                self._call(self._machine.observe, arrays, collector, threads or os.cpu_count() or 1)
            except (ValueError, TypeError) as error:
                raise PumiceError(str(error)) from None
            count += 1
        return count

    def estimate(self, device: str | Device | None = None, *, recompile: bool = True) -> Report:
        """Time, energy and area of a run, without computing values: the same figures as a run's.

        Args:
            device: the name of a preset, the path of a device file or a `Device` to use instead of
                the program's own.
            recompile: map the network to that device. False keeps the machine program and changes
                only its costs, which takes milliseconds; the device must have the sizes of the
                program's own and may have other energies, times and areas.

        Raises:
            CompileError: the network does not fit the device; or the program was loaded or compiled
                from MLIR at a lower level, and does not contain the network.
            PumiceError: no such device, or one that the machine program is not valid for.
        """
        if device is not None:
            if recompile:
                return self.recompile(device).estimate()
            return self._with_costs_of(device).estimate()
        try:
            return self._report(self._call(self._machine.estimate, os.cpu_count() or 1))
        except ValueError as error:
            raise PumiceError(str(error)) from None

    def recompile(
        self, device: str | Device, options: CompileOptions | Mapping[str, Any] | None = None
    ) -> Program:
        """Compiles the quantized network again, for another device or with other options.

        Args:
            device: as for `pumice.compile`.
            options: as for `pumice.compile`; None means those of this program.

        Raises:
            CompileError: the network does not fit the device; or this program was loaded or
                compiled from MLIR at a lower level, and does not contain the quantized network.
            PumiceError: no such device.
        """
        from pumice.compiler import recompile

        return recompile(self, device, options)

    def require_ternary(self, layers: Iterable[str] | None = None) -> None:
        """Checks that layers run on the device's associative processors.

        Args:
            layers: paths of modules (`TernaryNetwork.layers`); None for all layers with a
                convolution or a matrix product.

        Raises:
            CompileError: a layer runs elsewhere (the text contains the compiler's reasons, such as
                the number of weights that are not ternary), or there is no such layer.
        """
        found = {layer.name: layer for layer in self.estimate().layers}
        for name in found if layers is None else layers:
            if name not in found:
                raise CompileError(f"expected a layer of the program, got '{name}'")
            layer = found[name]
            elsewhere = layer.reasons or "mvm" in layer.kinds
            if elsewhere or (layers is not None and "ap" not in layer.kinds):
                why = "; ".join(layer.reasons) or f"it does {', '.join(layer.kinds)}"
                raise CompileError(f"expected layer '{name}' on associative processors, but {why}")

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels, from `LEVELS`, that are available; only "simulator" for a loaded program."""
        return tuple(self._levels)

    def module(self, level: str = "simulator") -> Any:
        """The pumice.ir.Module at a level, one of `LEVELS`. It is not a copy; do not modify it.

        Raises:
            PumiceError: no such level, or one that a loaded program does not hold.
        """
        if level not in LEVELS:
            raise PumiceError(f"expected a level of {', '.join(LEVELS)}, got '{level}'")
        if level not in self._levels:
            raise PumiceError(f"a loaded program holds {', '.join(self._levels)}, got '{level}'")
        return self._levels[level]

    def ir(self, level: str = "simulator", *, elide: bool = True) -> str:
        """The IR at a level, one of `LEVELS`.

        Args:
            elide: omit the data of large constants, and locations; if False, the text parses back
                completely, with the names of layers.

        Raises:
            PumiceError: no such level, or one that a loaded program does not hold.
        """
        operation = self.module(level).operation
        if not elide:
            self._require_values("print with its constants")
            return str(operation.get_asm(enable_debug_info=True))
        return str(operation.get_asm(large_elements_limit=16, large_resource_limit=64))

    def explore(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        passes: bool = False,
        title: str | None = None,
    ) -> str:
        """A self-contained HTML page with the IR of every level, linked by layer and source line.

        Values have the names of their layers there, and the data of large constants is left out.
        Costs are those of `estimate`. A loaded program holds only its machine program.

        Args:
            path: where to write the page, if given.
            passes: run the pipelines again and show what each pass changed; this takes as long as
                compiling, and more for large networks.
            title: of the page.

        Raises:
            CompileError: a pass fails.
            PumiceError: the file cannot be written, or the cost cannot be estimated.
        """
        from pumice.pages.explorer import explorer_page

        text = explorer_page(self, passes=passes, title=title)
        if path is not None:
            write_text(path, text)
        return text

    def operations(self, nodes: Iterable[str], level: str = "crossbar") -> list[str]:
        """The IR of graph nodes at a level: their outermost operations, in order.

        Args:
            nodes: names of graph nodes, as `tensors` has them.
            level: one of `levels`. Data of large constants is left out.

        Raises:
            PumiceError: as for `module`.
        """
        from pumice._mlir_libs import _pumice

        return _pumice.print_operations_of(self.module(level), list(nodes))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the machine program as MLIR bytecode, for `pumice.load` and `pumice-sim`.

        The file ends in a seal: the versions of pumice and of the format, and digests of all bytes,
        which readers check first. A file that is there is replaced when all is written.

        The loaded program continues with the state of this one; its `reset` goes back to the state
        of the model.

        Raises:
            PumiceError: the file cannot be written, or the model's result holds a constant that is
                not a number, text or tensor.
        """
        from pumice import ir
        from pumice._mlir_libs import _pumice

        self._require_values("save")
        module = self.module()
        if self.signature is not None:
            text = json.dumps(self.signature.to_dict())
            with module.context:
                module.operation.attributes[_SIGNATURE] = ir.StringAttr.get(text)
        self._machine.store_state()
        try:
            _pumice.write_file(module, native_path(path))
        except ValueError as error:
            raise PumiceError(str(error)) from None

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One run at a time: other threads wait, `keep` must not start another one."""
        with self._running:
            if self._depth:
                raise PumiceError("expected `keep` not to run a program that is already running")
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls the machine alone; an interrupt returns at once and asks it to stop."""
        is_running = threading.Event()

        def alone() -> Any:
            with self._alone():
                self._machine.set_stopped(False)
                is_running.set()
                try:
                    return function(*arguments)
                finally:
                    is_running.clear()

        try:
            return interruptible(alone)
        except KeyboardInterrupt:
            if is_running.is_set():
                self._machine.set_stopped(True)
            raise

    def _require_values(self, what: str) -> None:
        """Refuses what needs the weights and the calibration of the model."""
        if self.costs_only:
            raise PumiceError(
                f"expected a program with weights and calibration to {what}, got one for estimates"
                " only: compile a model that has weights, with calibrate=True"
            )

    def flatten_inputs(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        """The tensors among the arguments of a call, in the order of `inputs`, checked.

        Raises:
            FrontendError: wrong number, structure, shape or dtype.
            PumiceError: keyword arguments for a program without a signature.
        """
        if self.signature is not None:
            return self.signature.flatten_inputs(args, kwargs)
        if kwargs:
            raise PumiceError(f"expected positional inputs only, got {sorted(kwargs)}")
        return list(args)

    def check_inputs(self, *args: Any, **kwargs: Any) -> None:
        """Checks inputs without running: their number, structure, shapes and dtypes.

        Raises:
            FrontendError, PumiceError: what `run` would raise.
        """
        leaves = [to_numpy(leaf) for leaf in self.flatten_inputs(args, kwargs)]
        if len(leaves) != len(self.inputs):
            raise PumiceError(f"expected {len(self.inputs)} inputs, got {len(leaves)}")
        for leaf, (name, dtype, shape) in zip(leaves, self.inputs, strict=True):
            given = str(leaf.dtype)
            same = given.removeprefix("u") == dtype or (dtype == "bfloat16" and given == "int16")
            if not same or leaf.shape != shape:
                raise PumiceError(
                    f"input '{name}' must be {_described(dtype, shape)},"
                    f" got {_described(given, leaf.shape)}"
                )

    def run_flat(
        self,
        leaves: Sequence[Any],
        *,
        threads: int | None = None,
        observe: Callable[[str, npt.NDArray[Any]], None] | None = None,
    ) -> tuple[list[npt.NDArray[Any]], Report]:
        """Runs on a flat list of tensors, as `flatten_inputs` returns it.

        Args:
            leaves: torch tensors or arrays, one for each of `inputs`.
            threads: as for `run`.
            observe: called with the name and a copy of each tensor that the machine computes, in
                the order of `tensors`.

        Returns:
            An array for each of `outputs`, and the report.

        Raises:
            PumiceError: the machine cannot run the program; `observe` runs it.
        """
        self._require_values("run")
        if threads is not None and threads < 1:
            raise PumiceError(f"expected at least 1 thread, got {threads}")
        arrays = [to_numpy(leaf) for leaf in leaves]
        try:
            found, report = self._call(
                self._machine.run, arrays, threads or os.cpu_count() or 1, observe
            )
        except (ValueError, TypeError) as error:
            raise PumiceError(str(error)) from None
        except MemoryError:
            raise PumiceError(
                "not enough memory to run the program, or a device with too many units"
            ) from None
        made = self._report(report)
        self._warn(made)
        return self._with_signs(found), made

    def _warn(self, report: Report) -> None:
        """Warns of tensors that saturate far more than in calibration, once for each."""
        known = self._warned_saturated
        new = [item for item in report.saturated if (item.node, item.end) not in known]
        if not new:
            return
        known.update((item.node, item.end) for item in new)
        worst = max(new, key=lambda item: item.fraction)
        others = f" (and {len(new) - 1} more: `Report.saturated`)" if len(new) > 1 else ""
        end = "greatest" if worst.end == "high" else "least"
        warnings.warn(
            f"{worst.fraction:.1%} of the values of '{worst.node}' in layer '{worst.layer}' are the"
            f" {end} quantized value, in calibration {worst.calibrated:.1%}{others}: calibrate"
            " with inputs like these",
            SaturationWarning,
            stacklevel=2,
        )

    def _sums_on(self, device: Any) -> Report:
        """The sums of an estimate, without layers and instructions, on a device.

        Args:
            device: an attribute (`Device.to_attribute`) of any context; the machine program must be
                valid for the device: only energies, times and areas differ from the program's own.
        """
        try:
            with self._alone():
                return Report(self._machine.estimate_on(device, os.cpu_count() or 1))
        except ValueError as error:
            raise PumiceError(str(error)) from None

    def _with_costs_of(self, device: str | Device) -> Program:
        """The same machine program with the costs of another device."""
        from pumice._mlir_libs import _pumice
        from pumice.device import as_device

        module = _pumice.clone_module(self.module())
        with module.context:
            attribute = as_device(device).to_attribute(module.context)
            module.operation.attributes["pum.device"] = attribute
        return Program({"simulator": module}, {})

    def _with_signs(self, results: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """Results with the dtypes of the PyTorch model: MLIR's integers have no sign."""
        signed = list(results)
        for dtype in _UNSIGNED:
            for index in self._results_of(dtype):
                signed[index] = results[index].view(dtype)
        for index in self._results_of("bfloat16"):
            signed[index] = as_bfloat16(results[index])
        return signed

    def _results_of(self, dtype: str) -> set[int]:
        """The function's results of a type of the model's."""
        specs = self.signature.outputs if self.signature is not None else ()
        return {s.index for s in specs if s.source == "result" and s.dtype == dtype}

    def _report(self, text: str) -> Report:
        timings = {**self.timings, "prepare": self._machine.prepare_ms / 1e3}
        code = self.code
        if code is not None and code.warning and not self._warned:
            self._warned = True
            warnings.warn(code.warning, stacklevel=4)
        return Report(text, timings, code)


def _described(dtype: str, shape: Sequence[int]) -> str:
    return f"{dtype}[{', '.join(map(str, shape))}]"


def load(path: str | os.PathLike[str]) -> Program:
    """Reads a machine program: bytecode of `Program.save`, or text.

    Raises:
        PumiceError: no such file, not MLIR, or not a machine program; bytecode that is not as it
            was written, or that another version of pumice wrote.
    """
    from pumice import ir

    module = parse_file(path, sealed=True)
    try:
        program = Program({"simulator": module}, {})
    except PumiceError as error:
        raise PumiceError(
            f"'{path}' is not a machine program: {error}", diagnostics=error.diagnostics
        ) from None
    if _SIGNATURE in module.operation.attributes:
        from pumice.frontend.signature import Signature

        try:
            text = ir.StringAttr(module.operation.attributes[_SIGNATURE]).value
            program.signature = Signature.from_dict(parsed_json(text))
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
            raise PumiceError(
                f"'{path}' has a {_SIGNATURE} that pumice did not write: {error}"
            ) from None
    return program
